/*
 * The relay protocol for Spin: every interleaving for a small bound, where relay_protocol_model.py samples long schedules.
 * Read that one first; words and rules are the same, and its docstring defines them.
 *
 * One partition, MESSAGES messages in batches of at most two, two relays that overlap as if there were no lock. A message is its
 * number. Redis keeps the newest two checkpoints. Faults happen at any moment, each as often as its bound says: Redis falls back to
 * an earlier state (the empty one, too), the database is restored from a backup, a relay crashes (a crash right after an append is
 * also a lost reply), the lock's row disappears. An operator pauses and resumes. A batch may be sent in pieces.
 *
 *   safety      spin -a relay.pml && cc -O2 -DSAFETY -DCOLLAPSE -o pan pan.c && ./pan
 *   liveness    spin -a -DLOCK -DRESTORES=1 relay.pml && cc -O2 -DNFAIR=3 -o pan pan.c && ./pan -a -f
 *
 * Safety is checked in every state: see the end of this file. Liveness: after one fault, whatever it is and whenever it comes,
 * everything is delivered without anybody's help, if every process that can go on does so at some time (weak fairness). In that
 * check the relays take the lock first; it expires at any moment, so they still overlap.
 *
 * .ci/model has the bounds, and the mistakes that must be found. To make a mistake, pass -D with its name.
 *
 * Left out, and checked by the Python model: open transactions and `settled`, parking, purging, copies of a database; what a claim ahead
 * acknowledges while the partition is paused; claims ahead of a batch that is not the log's last one.
 */

#ifndef MESSAGES
#define MESSAGES 3
#endif
#ifndef FALLS
#define FALLS 0
#endif
#ifndef RESTORES
#define RESTORES 0
#endif
#ifndef CRASHES
#define CRASHES 0
#endif
#ifndef PAUSES
#define PAUSES 0
#endif
#ifndef LOST_LOCKS
#define LOST_LOCKS 0
#endif
#ifndef ANY_FAULTS
#define ANY_FAULTS 255      /* how many faults there are in all */
#endif

typedef Checkpoint {
    byte position, batch, history, nonce      /* nonce: 0, or the pause whose fence it is */
}

typedef Database {
    byte messageAt[MESSAGES + 1];             /* the batch log: at each position a message, */
    byte batchAt[MESSAGES + 1];               /* and the name of its batch */
    byte last, delivered;
    byte histories, history;                  /* all that were ours, as bits; the current one */
    byte foreignPosition, foreignBatch;       /* what was healed last */
    bool strangerSeen, stopped, paused;
    byte pause, fenced                        /* the latest pause; the pause whose fence was seen */
}

Database db, backup;
bool backedUp = false;
byte committed = 0;

typedef Server {
    Checkpoint newest[2];
    byte count[MESSAGES + 1]                  /* how often each message was put into the queue; 2: more than once */
}

Server redis, replica;                        /* what it can fall back to */
bool misordered = false;

/* Random names: no two draws are equal, and a restore does not give one again. */
byte batches = 0, histories = 0, pauses = 0;

byte falls = 0, restores = 0, crashes = 0, lostLocks = 0;
byte rewinds = 0;
bool guarded = false;                         /* the partition is paused, and its fence was seen since state was lost last */

#define faults (falls + restores + crashes + lostLocks)
#define mayFail(fault, bound) (fault < bound && faults < ANY_FAULTS)
#define stateLost (falls + restores > 0)

#define isKnown(c) (c.position > 0 && c.position <= db.last && db.batchAt[c.position] == c.batch)
#define isStranger(c) ((db.histories & (1 << c.history)) == 0)
#define isLost(c) (c.position > 0 && !isKnown(c))
#define isHealed(c) (c.position == db.foreignPosition && c.batch == db.foreignBatch)
#define same(a, b) (a.position == b.position && a.batch == b.batch && a.history == b.history && a.nonce == b.nonce)
#define upToDate(s) (same(redis.newest[0], s[0]) && same(redis.newest[1], s[1]))

inline copyCheckpoint(to, from) {
    to.position = from.position; to.batch = from.batch; to.history = from.history; to.nonce = from.nonce
}

inline copyDatabase(to, from) {
    i = 1;
    do
    :: i <= MESSAGES -> to.messageAt[i] = from.messageAt[i]; to.batchAt[i] = from.batchAt[i]; i++
    :: else -> break
    od;
    i = 0;
    to.last = from.last; to.delivered = from.delivered; to.histories = from.histories; to.history = from.history;
    to.foreignPosition = from.foreignPosition; to.foreignBatch = from.foreignBatch; to.strangerSeen = from.strangerSeen;
    to.stopped = from.stopped; to.paused = from.paused; to.pause = from.pause; to.fenced = from.fenced
}

inline copyServer(to, from) {
    copyCheckpoint(to.newest[0], from.newest[0]);
    copyCheckpoint(to.newest[1], from.newest[1]);
    i = 1;
    do
    :: i <= MESSAGES -> to.count[i] = from.count[i]; i++
    :: else -> break
    od;
    i = 0
}

#if RESTORES == 0
/* Registration: a commit makes one more message visible. With restores, all messages exist from the beginning, so that none is lost. */
active proctype Registrar() {
    do
    :: committed < MESSAGES -> committed++
    :: committed == MESSAGES -> break
    od
}
#endif

#if FALLS > 0
active proctype RedisFaults() {
    byte i;
end:
    do
    :: d_step { mayFail(falls, FALLS) && !upToDate(replica.newest) -> copyServer(replica, redis) }
    :: d_step { mayFail(falls, FALLS) -> copyServer(redis, replica); falls++; guarded = false }
    :: mayFail(falls, FALLS) -> break
    od
}

#endif

#if RESTORES > 0
active proctype Backups() {
    byte i;
end:
    do
    /* Not while paused: an append that was claimed after the pause had ended may expect the fence of the restored pause. */
    :: d_step { mayFail(restores, RESTORES) && !db.paused && !(backedUp && backup.last == db.last && backup.delivered == db.delivered && backup.history == db.history) ->
           copyDatabase(backup, db); backedUp = true }
    :: d_step { mayFail(restores, RESTORES) && backedUp ->
           copyDatabase(db, backup); restores++; guarded = false }
    :: mayFail(restores, RESTORES) -> break
    od
}

#endif

#if PAUSES > 0
active proctype Operator() {
    byte times = 0;
    do
    :: times < PAUSES ->
       d_step { pauses++; db.pause = pauses; db.paused = true; guarded = false; times++ };
       d_step { db.paused = false; guarded = false }
    :: times == PAUSES -> break
    od
}
#endif

#ifdef LOCK
#define FREE 0
#define GONE 3
byte lock = FREE;           /* or the relay that holds it */
active proctype Lock() {
end:
    do
#ifndef LOCK_NEVER_EXPIRES
    :: lock == 1 || lock == 2 -> lock = FREE
#endif
    :: mayFail(lostLocks, LOST_LOCKS) -> atomic { lock = GONE; lostLocks++ }
    od
}
#endif

inline nothingAhead() {
    aheadFirst = 0; aheadEnd = 0; aheadBatch = 0; aheadHistory = 0; aheadMessage[0] = 0; aheadMessage[1] = 0
}

inline forget() {
    nothingAhead();
    first = 0; end_ = 0; batch = 0; history = 0; message[0] = 0; message[1] = 0; pause = 0; known = 0; n = 0
}

inline heal() {
    if
#ifdef EVERY_SIGHTING_COUNTS
    :: isLost(seen[0]) ->
#else
    :: isStranger(seen[0]) ->
#endif
       if
       :: db.strangerSeen -> db.stopped = true
       :: else -> db.strangerSeen = true
       fi
    :: else
    fi;
    if
    :: !db.stopped ->
       histories++;
       assert(histories < 8);
       db.foreignPosition = seen[0].position; db.foreignBatch = seen[0].batch;
       db.histories = db.histories | (1 << seen[0].history) | (1 << histories);
       db.history = histories
    :: else
    fi
}

/* The next messages that are in no batch. After a restore they may come in another order: other transactions are open. */
#define inLog(m) (db.messageAt[1] == m || db.messageAt[2] == m || db.messageAt[MESSAGES] == m)
inline newBatch() {
    batches++;
    do
    :: n < 2 && db.last < committed ->
       if
       :: !inLog(1) -> n++; db.last++; db.messageAt[db.last] = 1; db.batchAt[db.last] = batches
       :: committed >= 2 && !inLog(2) && (restores > 0 || inLog(1)) -> n++; db.last++; db.messageAt[db.last] = 2; db.batchAt[db.last] = batches
       :: MESSAGES > 2 && committed >= MESSAGES && !inLog(MESSAGES) && (restores > 0 || inLog(2)) -> n++; db.last++; db.messageAt[db.last] = MESSAGES; db.batchAt[db.last] = batches
       fi
    :: n > 0 -> break
    od;
    n = 0
}

#define knownNow (isKnown(seen[0]) -> seen[0].position : (isKnown(seen[1]) -> seen[1].position : 0))
#define isSurprising (knownNow < db.delivered || isStranger(seen[0]) || (isLost(seen[0]) && !isHealed(seen[0])))

#define somethingToDo (db.last < committed || db.delivered < db.last || (isLost(redis.newest[0]) && !isHealed(redis.newest[0])) || (db.paused && redis.newest[0].nonce != db.pause))

/* Each step is atomic, as a transaction or a script is; between steps everything else happens. */
proctype Relay(byte me) {
    Checkpoint seen[2];
    byte first, end_, batch, history, pause, known, n, i;
    byte message[2];
    byte aheadFirst, aheadEnd, aheadBatch, aheadHistory, aheadMessage[2];  /* claimed while an append is under way */
    bool doubted, confirmed;

start:
    forget(); doubted = false; confirmed = false;
#ifdef LOCK
    if
    :: atomic { lock == FREE -> lock = me }
#ifndef LOCK_ROW_IS_NEVER_MADE_AGAIN
    :: atomic { lock == GONE -> lock = me }
#endif
    :: else -> goto start
    fi;
#endif

look:
    atomic {
        confirmed = doubted && upToDate(seen);
        doubted = false;
        copyCheckpoint(seen[0], redis.newest[0]);
        copyCheckpoint(seen[1], redis.newest[1])
    }

claim:
    if
    :: mayFail(crashes, CRASHES) -> crashes++; goto start
    :: true
    fi;
    atomic {
        if
        :: db.stopped -> goto rest
        :: else
        fi;
        known = knownNow;
#ifdef POSITION_ALONE
        known = (seen[0].position <= db.last -> seen[0].position : known);
#endif
        if
#ifndef NO_SECOND_LOOK
#ifdef EVERY_SIGHTING_COUNTS
        :: !confirmed && (known < db.delivered || isLost(seen[0])) ->
#else
        :: !confirmed && isSurprising ->
#endif
#ifndef A_DOUBT_IS_FORGOTTEN
           doubted = true;
#endif
           known = 0;
           goto look
#endif
        :: else
        fi;
        confirmed = false;
#ifdef POSITION_ALONE
        if
        :: seen[0].position > db.last || isStranger(seen[0]) -> heal()
        :: else
        fi;
#else
        if
#ifdef EVERY_SIGHTING_COUNTS
        :: isLost(seen[0]) -> heal()
#else
        :: isStranger(seen[0]) || (isLost(seen[0]) && !isHealed(seen[0])) -> heal()
#endif
        :: else
        fi;
#endif
        if
        :: db.stopped -> known = 0; goto rest
        :: known < db.delivered -> rewinds++
        :: else
        fi;
#ifdef LOSS_WAITS
        if
        :: known < db.delivered -> known = 0; goto rest
        :: else
        fi;
#endif
        db.delivered = known;
        history = db.history;
        if
        :: db.paused ->
           pause = db.pause; known = 0;
           goto fence
        :: else
        fi;
        if
        :: known == db.last && db.last < committed -> newBatch()
        :: else
        fi;
        if
        :: known == db.last -> known = 0; history = 0; goto rest
        :: else -> first = known + 1
        fi;
        end_ = first; batch = db.batchAt[first]; message[0] = db.messageAt[first]; known = 0;
        if
        :: first < db.last && db.batchAt[first + 1] == batch -> end_ = first + 1; message[1] = db.messageAt[end_]
        :: first < db.last && db.batchAt[first + 1] == batch      /* a piece of it */
        :: else
        fi
#ifdef ACKNOWLEDGE_AT_CLAIM
        ; db.delivered = end_
#endif
    }

append:
    if
    :: mayFail(crashes, CRASHES) -> crashes++; goto start
    :: true
    fi;
    /* The next batch may be claimed before the answer is there, but only if the log ends with this one and the queue is as expected. */
    if
    :: atomic { end_ < MESSAGES && db.last < committed && !db.stopped && !db.paused &&
#ifdef AHEAD_ON_ANOTHER_LOG
           isSurprising == false ->
#else
           end_ == db.last && db.batchAt[end_] == batch && !isSurprising ->
#endif
           db.delivered = knownNow;
           aheadFirst = db.last + 1;
           newBatch();
           aheadEnd = db.last; aheadBatch = db.batchAt[db.last]; aheadHistory = db.history;
           aheadMessage[0] = db.messageAt[aheadFirst];
           if
           :: aheadEnd > aheadFirst -> aheadMessage[1] = db.messageAt[aheadEnd]
           :: else
           fi
       }
    :: true
    fi;
    if
    :: mayFail(crashes, CRASHES) && aheadEnd > 0 -> crashes++; goto start
    :: true
    fi;
    atomic {
        if
#ifdef NO_COMPARISON
        :: true ->
#else
        :: same(redis.newest[0], seen[0]) ->
#endif
           assert(!(db.paused && guarded));
           i = 0;
           do
           :: i < 2 && message[i] > 0 ->
              if
              :: redis.count[message[i]] == 0 ->        /* a first appearance, after that of a later message? */
                 n = message[i] + 1;
                 do
                 :: n <= MESSAGES -> misordered = misordered || redis.count[n] > 0; n++
                 :: else -> break
                 od;
                 n = 0;
                 redis.count[message[i]] = 1
              :: else -> redis.count[message[i]] = 2
              fi;
              i++
           :: else -> break
           od;
           i = 0;
           copyCheckpoint(redis.newest[1], redis.newest[0]);
           redis.newest[0].position = end_; redis.newest[0].batch = batch; redis.newest[0].history = history; redis.newest[0].nonce = 0
        :: else
#ifndef AHEAD_WHATEVER_CAME
           aheadEnd = 0
#endif
        fi;
        copyCheckpoint(seen[0], redis.newest[0]);
        copyCheckpoint(seen[1], redis.newest[1]);
        if
        :: aheadEnd > 0 ->
           first = aheadFirst; end_ = aheadEnd; batch = aheadBatch; history = aheadHistory;
           message[0] = aheadMessage[0]; message[1] = aheadMessage[1];
           nothingAhead();
           goto append
        :: else -> forget()
        fi
    }
    goto claim;

fence:
    /* The fence carries the pause's name: a relay that sees it has nothing to do. */
    atomic {
        if
#ifdef FENCE_OF_ANY_PAUSE
        :: seen[0].nonce > 0 ->
#else
        :: seen[0].nonce == pause ->
#endif
           if
           :: db.paused && db.pause == pause && same(redis.newest[0], seen[0]) -> db.fenced = pause; guarded = true
           :: else
           fi;
           history = 0; pause = 0;
           goto rest
        :: else
        fi
    }
    atomic {
#ifndef PAUSE_WITHOUT_FENCE
        if
        :: same(redis.newest[0], seen[0]) ->
           copyCheckpoint(redis.newest[1], redis.newest[0]);
           redis.newest[0].history = history; redis.newest[0].nonce = pause
        :: else
        fi;
#else
        db.fenced = pause; guarded = db.paused && db.pause == pause;
#endif
        history = 0; pause = 0;
        goto look
    }

rest:
    /* Nothing to do, as far as it knows. */
#ifdef LOCK
    atomic {
        if
        :: lock == me -> lock = FREE
        :: else
        fi;
        goto start
    }
#else
end:
    if
    :: !upToDate(seen) || isStranger(redis.newest[0]) || somethingToDo -> goto start
    fi
#endif
}

init {
    atomic {
        db.histories = 1;
#if RESTORES > 0
        committed = MESSAGES;
#endif
        run Relay(1);
        run Relay(2)
    }
}

/* Checked in every state. */
#define once (stateLost || (redis.count[1] < 2 && redis.count[2] < 2 && redis.count[MESSAGES] < 2))
#define ordered (stateLost || !misordered)
#define calm (stateLost || rewinds == 0)
/* All messages up to the newest checkpoint are in the queue, if this database knows that checkpoint. So nothing is lost. */
#define has(p) (redis.newest[0].position < p || redis.count[db.messageAt[p]] > 0)
#define backed (!isKnown(redis.newest[0]) || (has(1) && has(2) && has(MESSAGES)))
#define noHuman (!db.stopped)

#define done (committed == MESSAGES && db.last == MESSAGES && db.delivered == MESSAGES && redis.count[1] > 0 && redis.count[2] > 0 && redis.count[MESSAGES] > 0)

#ifdef LOCK
ltl goes_on { <> [] done }
#else
active proctype Monitor() {
end:
    do
    :: d_step { !(once && ordered && calm && backed && noHuman) -> assert(false) }
    :: timeout -> assert(done)          /* nobody has anything to do */
    od
}
#endif
