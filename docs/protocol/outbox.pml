/*
 * The relay protocol (src/main/java/ai/hokus/registry/relay/package-info.java) as a Promela model: two relays that overlap
 * freely, one partition, and a Redis that falls back, is wiped, and loses replies; relays crash between any two steps, and
 * claim the next batch while one is being appended.
 *
 *   spin -a outbox.pml && cc -O2 -DSAFETY -o pan pan.c && ./pan -m1000000
 *
 * MESSAGES registrations are committed one after the other; a message is its number. A relay gives positions in the order
 * of its claim, so that here position and message are told apart: positionOf[m] is given once, for ever.
 *
 * The queue is kept as what matters of it: how often each message is in it, and whether one first came after a later one.
 *
 * With -DNO_COMPARISON, -DNO_SECOND_LOOK, -DACKNOWLEDGE_AT_CLAIM or -DAHEAD_AT_ANY_ANSWER it contains a mistake, which the verification must find.
 */

#ifndef MESSAGES
#define MESSAGES 3
#endif
#ifndef FAULTS
#define FAULTS 2          /* how often Redis falls back or is wiped */
#endif
#ifndef CRASHES
#define CRASHES 2
#endif
#ifndef LOST_REPLIES
#define LOST_REPLIES 1
#endif

#define NONE 0            /* no checkpoint */
#define BATCH 2

/* The database. Messages are 1..MESSAGES; committed: those up to here are. messageAt[p]: whose position p is. */
byte committed = 0;
byte messageAt[MESSAGES + 1];
byte last = 0;
byte delivered = 0;
byte rewinds = 0;

/*
 * Redis. A checkpoint is a position; since positions never change and one database writes them, the message it names is
 * messageAt[position]. inQueue[m]: how often; newest: the newest checkpoint. Older ones are not needed while one database
 * is the only writer: the newest checkpoint is then always in its history.
 */
byte inQueue[MESSAGES + 1];
byte newest = NONE;
bool misordered = false;

/* What Redis can fall back to: a replica's, or a snapshot's, state. */
byte keptQueue[MESSAGES + 1];
byte keptNewest = NONE;

byte faults = 0, crashes = 0, lostReplies = 0;
bool stateLost = false;
byte drained = 0;

/* Registration: a commit makes one more message visible. */
active proctype Registrar() {
    do
    :: committed < MESSAGES -> committed++
    :: committed == MESSAGES -> break
    od
}

/* The replica hears of everything up to now, at any time. */
active proctype Replica() {
    byte i;
end:
    do
    :: d_step {
           committed > 0 && !(keptNewest == newest) ->
           keptNewest = newest;
           i = 1;
           do
           :: i <= MESSAGES -> keptQueue[i] = inQueue[i]; i++
           :: else -> break
           od;
           i = 0
       }
    od
}

/* A failover to the replica, or FLUSHALL. */
active proctype RedisFaults() {
    byte i;
end:
    do
    :: faults < FAULTS ->
       if
       :: d_step {
              newest = keptNewest;
              i = 1;
              do
              :: i <= MESSAGES -> inQueue[i] = keptQueue[i]; i++
              :: else -> break
              od;
              i = 0; faults++; stateLost = true
          }
       :: d_step {
              newest = NONE; keptNewest = NONE;
              i = 1;
              do
              :: i <= MESSAGES -> inQueue[i] = 0; keptQueue[i] = 0; i++
              :: else -> break
              od;
              i = 0; faults++; stateLost = true
          }
       fi
    od
}

/*
 * Claims what comes after a batch that is being appended, on what was seen before. It acknowledges what that tells, never
 * takes anything back, and gives up where the partition has moved past the batch.
 */
inline claim_ahead(saw, batchEnd, end, n) {
    d_step {
        end = 0;
        if
        :: saw >= delivered && saw <= batchEnd && last >= batchEnd ->
           delivered = saw;
           end = batchEnd;
           n = 0;
           do
           :: n < BATCH && end < last -> end++; n++
           :: n < BATCH && end == last && last < committed -> last++; messageAt[last] = last; end++; n++
           :: else -> break
           od;
           if
           :: n == 0 -> end = 0
           :: else
           fi;
           n = 0
        :: else
        fi
    }
}

/*
 * One relay. Each step is atomic, as a transaction or a script is; between steps everything else happens, and the relay may
 * crash: it forgets what it saw.
 */
proctype Relay(bool mortal) {
    byte seen, from, to, next, i;
    byte ahead;             /* the last of the batch claimed ahead, which begins after `to`; 0: none */
    bool confirmed, appended, late;
    byte again;

look:
    atomic { seen = newest; confirmed = false }
claim:
    if
    :: mortal && crashes < CRASHES -> atomic { crashes++; goto look }
    :: true
    fi;
    d_step {
        from = 0; to = 0;
        if
#ifdef NO_SECOND_LOOK
        :: false -> skip
#else
        :: seen < delivered && !confirmed -> again = 1
#endif
        :: else ->
           again = 0;
           if
           :: seen < delivered -> rewinds++
           :: else
           fi;
#ifdef ACKNOWLEDGE_AT_CLAIM
           if
           :: seen > delivered -> delivered = seen
           :: else
           fi;
#else
           delivered = seen;
#endif
           from = delivered + 1; to = delivered;
           /* first what has a position, then what gets one now: all that is committed, in the order of commits */
           next = 0;
           do
           :: next < BATCH && to < last -> to++; next++
           :: next < BATCH && to == last && last < committed ->
              last++; messageAt[last] = last; to++; next++
           :: else -> break
           od;
           next = 0;
#ifdef ACKNOWLEDGE_AT_CLAIM
           delivered = to
#endif
        fi
    }
    if
    :: again == 1 -> again = 0; goto second_look
    :: again == 0 && from > to -> goto nothing
    :: again == 0 && from <= to -> goto append
    fi;
second_look:
    atomic { confirmed = (newest == seen); seen = newest; goto claim }
append:
    if
    :: mortal && crashes < CRASHES -> atomic { crashes++; from = 0; to = 0; goto look }
    :: true
    fi;
    /* The next batch is claimed before the append takes effect, or after that and before the answer is read. */
    if
    :: late = true
    :: claim_ahead(seen, to, ahead, next)
    fi;
    d_step {
        if
#ifdef NO_COMPARISON
        :: true ->
#else
        :: newest == seen ->
#endif
           i = from;
           do
           :: i <= to ->
              /* a first appearance after that of a later message */
              if
              :: inQueue[messageAt[i]] == 0 ->
                 next = messageAt[i] + 1;
                 do
                 :: next <= MESSAGES ->
                    if
                    :: inQueue[next] > 0 -> misordered = true
                    :: else
                    fi;
                    next++
                 :: else -> break
                 od;
                 next = 0
              :: else
              fi;
              inQueue[messageAt[i]]++;
              i++
           :: else -> break
           od;
           i = 0;
           newest = to; appended = true
        :: else
#ifdef AHEAD_AT_ANY_ANSWER
           -> appended = true
#endif
        fi;
        /* appended or stale: the answer tells the newest checkpoint */
        again = newest
    }
    if
    :: late -> claim_ahead(seen, to, ahead, next)
    :: !late
    fi;
    d_step {
        seen = again; again = 0; confirmed = false; late = false;
        if
        :: appended && ahead > 0 -> from = to + 1; to = ahead
        :: else -> from = 0; to = 0
        fi;
        ahead = 0; appended = false
    }
    if
    :: lostReplies < LOST_REPLIES -> atomic { lostReplies++; from = 0; to = 0; goto look }
    :: from > 0 -> goto append
    :: from == 0 -> goto claim
    fi;
nothing:
    /* Drained, as far as it knows. It looks again for ever; the end is judged below. */
end:
    if
    :: newest != seen || last > newest || last < committed -> goto look
    fi
}

init {
    atomic { run Relay(true); run Relay(true) }
end:
    skip
}

/* Checked in every state. */
#define atMostOnce (stateLost || (inQueue[1] <= 1 && inQueue[2] <= 1 && inQueue[MESSAGES] <= 1))
#define inOrder (stateLost || !misordered)
#define calm (stateLost || rewinds == 0)
/* The checkpoint never tells more than the queue has: nothing is lost. */
#define backed ((newest < 1 || inQueue[1] > 0) && (newest < 2 || inQueue[2] > 0) && (newest < MESSAGES || inQueue[MESSAGES] > 0))

active proctype Monitor() {
end:
    do
    :: d_step { !(atMostOnce && inOrder && calm && backed) -> assert(false) }
    od
}
