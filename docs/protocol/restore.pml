/*
 * The relay protocol when the database loses state too: it is restored from a backup, or a failover forgets its last
 * transactions, while relays work on. Positions are then given a second time, to other messages or to the same. What Redis
 * falls back to may be from before the restore.
 *
 *   spin -a restore.pml && cc -O2 -DSAFETY -DCOLLAPSE -o pan pan.c && ./pan -m1000000
 *
 * Two relays that overlap as if there were no lock, one partition, MESSAGES messages that were all committed before the backup.
 * A claim takes new messages in any order: which ones it sees first depends on which transactions are still open. Before the
 * restore that order is only a matter of names, and one is enough. A term is a number that no other claim has.
 *
 * Only the newest checkpoint is kept. Where it is foreign, a relay begins anew. A relay that crashes is one that sleeps for
 * ever; one that comes back, or loses a reply, is there with -DLOST_REPLIES=1 (more than 300 million states). With -DLATE the
 * next batch may also be claimed after the append took effect and before its answer is read (66 million instead of 23).
 *
 * With -DNO_TERM or -DAHEAD_BY_POSITION it contains a mistake, which the verification must find.
 */

#ifndef MESSAGES
#define MESSAGES 3        /* or 2 */
#endif
#ifndef RESTORES
#define RESTORES 1
#endif
#ifndef FALLS
#define FALLS 1           /* how often Redis falls back to what it kept */
#endif
#ifndef LOST_REPLIES
#define LOST_REPLIES 0
#endif

#define BATCH 2

/* The database: the history, that is which message has each position, and the term in which it was given. */
byte messageAt[MESSAGES + 1];
byte termAt[MESSAGES + 1];
byte last = 0;
byte delivered = 0;
byte terms = 0;           /* not part of the database */

/* Its backup. */
byte keptMessageAt[MESSAGES + 1];
byte keptTermAt[MESSAGES + 1];
byte keptLast = 0;
byte keptDelivered = 0;

/* Redis: the newest checkpoint, and which messages are in the queue; and what it can fall back to. */
byte position = 0, message = 0, term = 0;
byte queue = 0;
byte keptPosition = 0, keptMessage = 0, keptTerm = 0;
byte keptQueue = 0;

byte restores = 0, falls = 0, lostReplies = 0;

#ifdef NO_TERM
#define inHistory(p, m, t) (p == 0 || (p <= last && messageAt[p] == m))
#else
#define inHistory(p, m, t) (p == 0 || (p <= last && messageAt[p] == m && termAt[p] == t))
#endif
#define hasPosition(m) (messageAt[1] == m || messageAt[2] == m || messageAt[MESSAGES] == m)
#define bit(m) (1 << m)

active proctype Database() {
    byte i;
end:
    do
    :: restores < RESTORES && last > 0 && !(keptLast == last && keptDelivered == delivered) -> /* a backup */
       d_step {
           i = 1;
           do
           :: i <= MESSAGES -> keptMessageAt[i] = messageAt[i]; keptTermAt[i] = termAt[i]; i++
           :: else -> break
           od;
           i = 0; keptLast = last; keptDelivered = delivered
       }
    :: restores < RESTORES ->
       d_step {
           i = 1;
           do
           :: i <= MESSAGES -> messageAt[i] = keptMessageAt[i]; termAt[i] = keptTermAt[i]; i++
           :: else -> break
           od;
           i = 0; last = keptLast; delivered = keptDelivered; restores++
       }
    od
}

active proctype Redis() {
end:
    do
    :: d_step {
           falls < FALLS && !(keptPosition == position && keptTerm == term && keptQueue == queue) ->
           keptPosition = position; keptMessage = message; keptTerm = term; keptQueue = queue
       }
    :: d_step {
           falls < FALLS ->
           position = keptPosition; message = keptMessage; term = keptTerm; queue = keptQueue; falls++
       }
    od
}

/* Takes up to BATCH messages after `after`: first those that have a position, then others, in any order, in a term of their own. */
inline take(after, end, messages) {
    end = after; messages = 0; n = 0;
    do
    :: n < BATCH && end < last ->
       end++; n++; messages = messages | bit(messageAt[end])
    :: n < BATCH && end == last && last < MESSAGES ->
       if
       :: !hasPosition(1) -> chosen = 1
       :: !hasPosition(2) && (restores > 0 || hasPosition(1)) -> chosen = 2
       :: !hasPosition(MESSAGES) && (restores > 0 || hasPosition(2)) -> chosen = MESSAGES
       fi;
       if
       :: fresh == 0 -> terms++; fresh = terms
       :: else
       fi;
       last++; messageAt[last] = chosen; termAt[last] = fresh;
       end++; n++; messages = messages | bit(chosen)
    :: n == BATCH || last == MESSAGES -> break
    :: n > 0 && end == last -> break
    od;
    n = 0; chosen = 0; fresh = 0
}

/* Claims what comes after the batch that is under way, if that is still what follows what was seen. */
inline claim_ahead() {
    atomic {
        if
#ifdef AHEAD_BY_POSITION
        :: from >= delivered && to <= last ->
#else
        :: from >= delivered && inHistory(to, toMessage, toTerm) ->
#endif
           delivered = from;
           take(to, aheadTo, aheadBatch);
           if
           :: aheadTo > to -> aheadMessage = messageAt[aheadTo]; aheadTerm = termAt[aheadTo]
           :: else -> aheadTo = 0
           fi
        :: else
        fi
    }
}

proctype Relay() {
    byte seenPosition, seenMessage, seenTerm;
    byte from, to, toMessage, toTerm, batch;
    byte aheadTo, aheadMessage, aheadTerm, aheadBatch;
    byte n, chosen, fresh, start;
    bool confirmed, appended, late;

look:
    atomic { seenPosition = position; seenMessage = message; seenTerm = term; confirmed = false;
             from = 0; to = 0; toMessage = 0; toTerm = 0; batch = 0; aheadTo = 0; aheadMessage = 0; aheadTerm = 0; aheadBatch = 0; appended = false; late = false }
claim:
    atomic {
        start = (inHistory(seenPosition, seenMessage, seenTerm) -> seenPosition : 0);
        if
        :: (start < delivered || start != seenPosition) && !confirmed -> start = 0; goto second_look
        :: else
        fi;
        delivered = start; from = start; start = 0;
        take(from, to, batch);
        if
        :: to > from -> toMessage = messageAt[to]; toTerm = termAt[to]
        :: else -> from = 0; to = 0; goto nothing
        fi
    }
append:
    if
    :: late = true
    :: claim_ahead()
    fi;
    atomic {
        if
        :: position == seenPosition && message == seenMessage && term == seenTerm ->
           queue = queue | batch; position = to; message = toMessage; term = toTerm; appended = true
        :: else
        fi;
        seenPosition = position; seenMessage = message; seenTerm = term; confirmed = false
    }
#ifdef LATE
    if
    :: late -> claim_ahead()
    :: !late
    fi;
#endif
    if
    :: lostReplies < LOST_REPLIES -> lostReplies++; goto look
    :: atomic { appended && aheadTo > 0 ->
           from = to; to = aheadTo; toMessage = aheadMessage; toTerm = aheadTerm; batch = aheadBatch;
           aheadTo = 0; aheadMessage = 0; aheadTerm = 0; aheadBatch = 0; appended = false; late = false; goto append }
    :: atomic { !(appended && aheadTo > 0) ->
           from = 0; to = 0; toMessage = 0; toTerm = 0; batch = 0;
           aheadTo = 0; aheadMessage = 0; aheadTerm = 0; aheadBatch = 0; appended = false; late = false; goto claim }
    fi;
second_look:
    atomic { confirmed = (position == seenPosition && message == seenMessage && term == seenTerm);
             seenPosition = position; seenMessage = message; seenTerm = term; goto claim }
nothing:
end:
    atomic { (position != seenPosition || message != seenMessage || term != seenTerm || last > position || last < MESSAGES
              || delivered != position || !inHistory(position, message, term)) -> goto look }
}

init {
    atomic { run Relay(); run Relay() }
end:
    skip
}

/* What the newest checkpoint tells is in the queue, if it is a checkpoint of this history. */
#define has(p) (position < p || (queue & bit(messageAt[p])))
#define backed (position > last || !inHistory(position, message, term) || (has(1) && has(2) && has(MESSAGES)))

active proctype Monitor() {
end:
    do
    :: d_step { !backed -> assert(false) }
    od
}
