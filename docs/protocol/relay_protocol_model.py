#!/usr/bin/env python3
"""The relay protocol as a program: the specification that the Java code follows, and a checker that tries to break it.

    relay_protocol_model.py [schedules] [steps]     random schedules, default 20000 (a quarter of them per profile) of 90 steps
    relay_protocol_model.py mistakes [schedules]    makes each deliberate mistake in turn; each must be noticed, in at most so many
                                                    schedules of each profile, default 3000

Both print one line per profile or mistake and exit with an error if an invariant breaks (or a mistake is not noticed). What broke is
printed with its seed and its schedule; the same seed gives the same schedule again.

There are one partition, one database, one Redis, and two relays that overlap freely, as if the lock between them did not exist.

Words
  message     what a registration leaves in the outbox. Its row is inserted and deleted, never changed. It has an id (a number from a
              sequence; a restored database gives the same number again, to another message) and a UUID, which is what the queue holds.
  batch       one row of the batch log: the ids that one claim took, in order. Its positions are the next ones; its name is random, so
              no two claims ever give the same. A batch never changes.
  claim       the database transaction in which a relay finds out where the queue stands and takes what comes next.
  append      the Redis script that puts messages into the queue and pushes a checkpoint, if the newest checkpoint is the expected one.
  checkpoint  position, batch, history, nonce. Redis holds the newest K of them. A checkpoint is *known* if the batch that holds its
              position has its name. One that is not known is *foreign*: the database that wrote it is gone (this one was restored
              since), or is another copy of this one. In the latter case it is a *stranger*: its history is not among ours.
  history     a random id: a partition draws a new one whenever it heals a foreign checkpoint, writes the newest one into every
              checkpoint, and remembers all that it had.
  nonce       tells what a checkpoint is: 0 an append, 1 a skip, any other number the name of the pause whose fence it is.
  rewind      moving `delivered` back to where Redis is, because Redis lost what came after. It is recorded, with from and to.
  park        skipping a message that Redis refuses, so that others go on. First the mark is recorded, then a *skip* (an append
              without a message) moves the checkpoint past it. A requeued message's copy goes to the end; its own place stays skipped.
  fence       a checkpoint that moves nothing, made while the partition is paused or stopped: it has the newest one's position and the
              pause's name. An append that was under way is refused from then on.
  settled     every id up to this one is in a batch, or will never exist. Scans begin there.
  scrub       a slow search through the settled ids. A message that is in no batch gets a batch of its own, late, and is reported.

What happens in a schedule
  registrations   transactions that stay open across other steps. Each locks its model, has a transaction id from then on, takes the
                  next message id later, and commits or rolls back. So ids are not in commit order, but per model they are.
  relays          one step at a time. A claim is several statements, and others (not other claims) work between them. A relay may claim
                  the next batch before the append of this one is answered; the append then takes effect before that claim or after it.
  faults          a relay crashes, or sleeps between any two steps; a reply is lost after the append took effect; Redis refuses a
                  message, for ever or for a while; the queue has room for one message only; Redis falls back to an earlier state
                  or is wiped; the database is restored from any earlier backup while relays go on: from its files (transaction ids
                  go on from the backup's, and prepared transactions are there again), or from a dump, into another cluster
                  (transaction ids are low) or into the running server (they go on); a row appears below `settled` (somebody's psql, or a bug of ours).
  operators       pause, resume, requeue a parked message.

Invariants, checked at the end, after every fault has stopped and one relay has drained the partition
  in a batch      every committed message is in one, or parked
  loss            a committed message is in the queue, or parked, or was delivered longer ago than retention
  duplicate       ... and only once, unless Redis or the database lost state
  order           first appearances of a model's messages follow their commits, unless state was lost
  calm            no rewind is recorded unless state was lost, and not more rewinds than losses
  mark            a message that is in the queue is not marked as parked, unless state was lost
  scrub           it finds nothing but rows that appeared below `settled`
  settling        `settled` moves on once old transactions are over
  fence           nothing is appended while the partition is paused and Redis has the fence that the database recorded; a paused
                  partition is fenced after a few undisturbed passes
  no human        one fault, and any number of restores of the database, never stop the partition
  copy            if two copies of a database work on one Redis, one of them stops and the other delivers everything

Not promised, and not checked: when a restore brings back a pause and its fence, an append that was claimed after that pause had ended
may still succeed. Left out: names of queues, environments, the second list of checkpoints, capacity, the lock, bytes.
"""
import random
import sys
from typing import NamedTuple, Optional

BATCH = 3  # messages in a batch, at most
WINDOW = 4  # ids that one claim looks at, at most
MODELS = 4
HOUR = 10**9  # the second stranger within this time stops the partition; in steps, so: the second one
ANY_TIME_AGO = -2 * HOUR

APPEND, SKIP = 0, 1  # nonces of checkpoints that are not fences

# Each mistake has the seed of a schedule that notices it. That seed is tried first.
MISTAKES = {
    # append, look, histories
    "no comparison": 1,
    "no second look": 3,
    "a second look at something else": 4785,
    "a look from before a rewind": 132,
    "position alone": 1,
    "every sighting counts": 3,
    "lost or stranger alike": 417,
    "a healed stranger stays a stranger": 1,
    "a stranger never stops anything": 0,
    # claiming ahead
    "a claim ahead on another log": 753,
    "what was claimed ahead is appended whatever became of the append before it": 1,
    # fence
    "pause without fence": 1,
    "a fence of any pause": 4,
    "a fence is not repeated": 10,
    # settling
    "settled too soon": 0,
    "the snapshot's xmax": 1,
    "id before transaction": 0,
    "an id from before the lock": 8,
    "sample and transaction id from one claim": 220,
    "the oldest transaction is read after the scan": 157,
    "a sample from another cluster is kept": 14,
    "what is settled outlives the log it was proved with": 0,
    "a proof outlives a restore": 0,
    "more is settled than the scan has passed": 0,
    # scanning
    "no bound on the scan": 855,
    "scan outlives the log it was read with": 3146,
    "no scrub": 44,
    # parking and purging
    "a skip looks like an append": 0,
    "marks outlive the delivery": 28,
    "requeue before the skip is acknowledged": 3615,
    "a requeued message passes without a skip": 43884,
    "parked messages are purged": 7,
    "the first acknowledgement counts": 13,
    "purge without the lock": 53,
}
made = ""  # the mistake that is made at the moment


def mistake(name):
    assert name in MISTAKES, name
    return made == name


# ---------------------------------------------------------------------------------------------------------------- the database


class Message(NamedTuple):
    uuid: int
    model: Optional[int]
    commit_order: int


class Settling(NamedTuple):
    """Kept in each batch row, as of its claim, and nowhere else: a restore takes it back together with the log.

    1. With one batch, `sample_id` is the highest id that is visible.
    2. With the next, `sample_xid` is that claim's own transaction id. Whoever drew `sample_id` or a lower id began before it.
    3. Once all transactions before `sample_xid` are over, a scan that begins then proves that all ids it has passed are settled.
    """

    settled: int = 0
    sample_id: Optional[int] = None
    sample_xid: Optional[int] = None


class Batch(NamedTuple):
    first: int
    last: int
    name: int
    ids: tuple
    settling: Settling


class Checkpoint(NamedTuple):
    position: int
    batch: int
    history: int
    nonce: int


class Partition:
    """What claims, parking, purging and operators change while they hold the lock on the partition's row."""

    def __init__(self):
        self.log = []  # batches; purged from the front, but the one delivered last is never purged
        self.delivery = [(0, 0, 0)]  # (from, to, when), one for each acknowledgement or rewind; the last one tells where we stand
        self.marks = {}  # message id -> [position, whether an operator requeued it]: parked messages
        self.rewinds = []  # (from, to)
        self.histories = (0,)  # all that were ours; the last one is current
        self.foreign = None  # (position, batch) of the foreign checkpoint that was healed last
        self.stranger_at = ANY_TIME_AGO
        self.paused = self.stopped = False
        self.halt = None  # the name of the latest pause or stop, random: a restore must not give it again
        self.fenced = None  # the pause or stop whose fence was seen
        self.acknowledged_at = {}  # not in the real tables: position -> when, to check `delivered_at`

    def copy(self):
        other = Partition()
        other.__dict__.update(self.__dict__)
        other.log, other.delivery, other.rewinds = self.log[:], self.delivery[:], self.rewinds[:]
        other.marks = {message: mark[:] for message, mark in self.marks.items()}
        return other

    @property
    def last(self):
        return self.log[-1].last if self.log else 0

    @property
    def end(self):
        return self.log[-1].name if self.log else 0

    @property
    def purged(self):
        return self.log[0].first - 1 if self.log else 0

    @property
    def delivered(self):
        return self.delivery[-1][1]

    @property
    def settling(self):
        return self.log[-1].settling if self.log else Settling()

    def batch_of(self, position):
        return next((b for b in self.log if b.first <= position <= b.last), None)

    def knows(self, checkpoint):
        batch = self.batch_of(checkpoint.position)
        return batch is not None and (batch.name == checkpoint.batch or mistake("position alone"))

    def has(self, batch):
        return any(b.name == batch.name for b in self.log)

    def expected_by_ours(self, checkpoint):
        """Whether an append of ours can be under way that expects this checkpoint to be the newest."""
        return self.knows(checkpoint) or checkpoint[:2] == self.foreign or (checkpoint.position <= self.purged and checkpoint.history in self.histories)

    def write_batch(self, ids, name, settling):
        self.log.append(Batch(self.last + 1, self.last + len(ids), name, tuple(ids), settling))

    def move_delivered(self, to, seen, complete, now):
        """Forward acknowledges what was appended; backward (recorded) makes pending what Redis lost."""
        before = self.delivered
        if to == before:
            return
        self.delivery.append((before, to, now))
        if to < before:
            self.rewinds.append((before, to))
        else:
            self.judge_marks(before, to, seen, complete)
        self.acknowledged_at = {p: at for p, at in self.acknowledged_at.items() if p <= to} | {p: now for p in range(before + 1, to + 1)}

    def judge_marks(self, before, to, seen, complete):
        """A mark stays if the queue skipped the message, and goes if the message went through after all.

        One relay can record the mark while an append of another one succeeds. And a database that was restored to before the
        mark learns of it from the skip. Where the list of checkpoints does not reach back far enough, the mark stays.
        """
        if mistake("marks outlive the delivery"):
            return
        for checkpoint in filter(self.knows, seen):
            if checkpoint.nonce == SKIP and before < checkpoint.position <= to and not mistake("a skip looks like an append"):
                batch = self.batch_of(checkpoint.position)
                self.marks.setdefault(batch.ids[checkpoint.position - batch.first], [checkpoint.position, False])
        for message, (position, requeued) in list(self.marks.items()):
            if before < position <= to and not requeued:
                moved_past = [c for c in seen if self.knows(c) and c.position >= position][-1]
                certain = complete or moved_past is not seen[-1]
                skipped = moved_past.nonce == SKIP and moved_past.position == position and not mistake("a skip looks like an append")
                if certain and not skipped:
                    del self.marks[message]

    def delivered_at(self, position):
        """By the newest row that covers the position: whatever was rewound since was acknowledged again. None: it is not delivered."""
        if position > self.delivered:
            return None
        covering = [at for before, to, at in self.delivery if before < position <= to]
        return covering[0 if mistake("the first acknowledgement counts") else -1]


class Transaction:
    def __init__(self, xid):
        self.xid, self.message, self.uuid = xid, None, None


class Database:
    def __init__(self):
        self.next_id, self.next_xid, self.highest_completed_xid, self.commits = 1, 1000, 0, 0
        self.started = 0  # when the server was started (pg_postmaster_start_time): another one after every restore
        self.open = {}  # model -> its transaction, which has locked the model's row
        self.messages = {}  # message id -> Message, committed
        self.partition = Partition()
        self.locked_by = self.undo = None  # the relay whose claim has locked the partition's row; what its rollback brings back
        self.ever = {}  # not in the real tables: all messages that were ever committed, purged ones too
        self.found_old = []  # for a mistake: what retention found before it deletes

    def backup(self):
        other = Database()
        other.__dict__.update(self.__dict__)
        other.partition = (self.undo or self.partition).copy()
        other.locked_by = other.undo = None
        other.messages, other.ever, other.open = dict(self.messages), dict(self.ever), {}
        for model, transaction in self.open.items():
            other.open[model] = Transaction(transaction.xid)
            other.open[model].__dict__.update(transaction.__dict__)
        return other

    def draw_xid(self):
        self.next_xid += 1
        return self.next_xid - 1

    def lock(self, relay):
        """SELECT ... FOR UPDATE: the claim's first statement that needs a transaction id, drawn after the wait for the lock."""
        self.locked_by, self.undo = relay, self.partition.copy()
        return self.draw_xid()

    def commit(self):
        self.locked_by = self.undo = None

    def rollback(self):
        self.partition = self.undo
        self.commit()

    def oldest_transaction(self):
        """pg_snapshot_xmin: claims of this partition are not in it, since they hold the lock one after the other."""
        return min([t.xid for t in self.open.values() if t.xid], default=self.next_xid)

    def highest_id(self):
        return max(self.messages, default=0)

    # registrations

    def begin(self, model):
        self.open[model] = Transaction(None if mistake("id before transaction") else self.draw_xid())
        if mistake("id before transaction"):
            self.take_id(model, None)

    def take_id(self, model, uuid):
        self.open[model].message, self.open[model].uuid = self.next_id, uuid
        self.next_id += 1

    def finish(self, model, commit):
        transaction = self.open.pop(model)
        self.highest_completed_xid = max(self.highest_completed_xid, transaction.xid or 0)
        if commit and transaction.message:
            self.insert(transaction.message, transaction.uuid, model)

    def insert(self, message, uuid, model):
        self.commits += 1
        self.messages[message] = self.ever[message] = Message(uuid, model, self.commits)

    # retention, scrub and operators; each is one transaction under the partition's lock

    def purge(self, now, retention):
        """Whole batches with their messages, oldest first, delivered long ago; never the batch delivered last."""
        partition, gone = self.partition, []
        old = self.old_batches(now, retention)
        if mistake("purge without the lock"):
            old, self.found_old = [b for b in self.found_old if b in partition.log], old
        for batch in old:
            partition.log.remove(batch)
            for position, message in enumerate(batch.ids, batch.first):
                waits_for_operator = message in partition.marks and not partition.marks[message][1]
                if message in self.messages and (not waits_for_operator or mistake("parked messages are purged")):
                    acknowledged_at = partition.acknowledged_at.get(position, now)
                    gone.append((self.messages.pop(message).uuid, now - acknowledged_at >= retention))
        return gone

    def old_batches(self, now, retention):
        old = []
        for batch in self.partition.log:
            at = [self.partition.delivered_at(p) for p in range(batch.first, batch.last + 1)]
            if batch.last >= self.partition.delivered or None in at or now - max(at) < retention:
                break
            old.append(batch)
        return old

    def scrub(self, names):
        """Gives a batch of its own to what is in no batch although its id is settled. Returns the UUIDs, to be reported."""
        partition = self.partition
        batched = {m for b in partition.log for m in b.ids}
        found = [m for m in sorted(self.messages) if m <= partition.settling.settled and m not in batched and m not in partition.marks][:BATCH]
        if found:
            partition.write_batch(found, next(names), partition.settling)
        return [self.messages[m].uuid for m in found]

    def requeue(self):
        """A copy of a parked message, with the same UUID, goes to the end of the outbox. Returns its UUID."""
        for message, mark in self.partition.marks.items():
            # Before the skip is acknowledged an append that is under way may still put the message itself into the queue.
            if not mark[1] and (mark[0] <= self.partition.delivered or mistake("requeue before the skip is acknowledged")):
                mark[1] = True
                self.draw_xid()
                self.insert(self.next_id, self.messages[message].uuid, None)
                self.next_id += 1
                return self.messages[message].uuid
        return None


# ----------------------------------------------------------------------------------------------------------------------- Redis


class Redis:
    def __init__(self, kept):
        self.kept, self.queue, self.checkpoints = kept, (), ()
        self.past = [((), ())]

    @property
    def newest(self):
        return self.checkpoints[0] if self.checkpoints else None

    def append(self, expected, checkpoint, messages, refused):
        """The script, atomic. Returns its answer and the checkpoints as they are now."""
        if self.checkpoints[:1] != expected[:1] and not mistake("no comparison"):
            return "STALE", self.checkpoints
        if any(m in refused for m in messages):
            return "REFUSED", self.checkpoints
        self.queue += tuple(messages)
        self.checkpoints = ((checkpoint,) + self.checkpoints)[: self.kept]
        self.past.append((self.queue, self.checkpoints))
        return "APPENDED", self.checkpoints

    def fall_back(self, to):
        self.queue, self.checkpoints = self.past[to]
        del self.past[to + 1 :]


# ------------------------------------------------------------------------------------------------------------------- the relay


class Scan(NamedTuple):
    """How far a scan for messages that are in no batch has come. It holds only while the log's end is the batch it remembers."""

    end: int  # the newest batch
    after: int
    high: int  # the highest id when it began; higher ones are for the next scan, or a model's messages could change places
    proves: Optional[int]  # what is settled as far as this scan has come


class Claimed(NamedTuple):
    first: int
    batch: Batch
    ids: tuple
    to_send: list
    history: int

    @property
    def last(self):
        return self.first + len(self.ids) - 1


class Relay:
    """`next_step` names the method that comes next; between two of them anything may happen."""

    def __init__(self, names):
        self.names, self.next_step, self.limit = names, "look", BATCH
        self.doubt = None  # what the last claim saw and did not believe
        self.overlaps = self.sent_at_once = False  # whether it claims ahead, and whether the append then takes effect before that claim
        self.under_way = self.reply = None  # the append under way, and its answer if that has come
        self.claimed_ahead = False
        self.rewinds = 0  # how many the partition had had at the last claim
        self.scan = None
        self.proved, self.proved_where = 0, (None, None)  # settled, by a scan that found no message, so no batch row says it

    def step(self, db, redis, now, refused=(), reply_lost=False):
        return getattr(self, self.next_step)(db, redis, now, refused, reply_lost)

    def crash(self, db):
        self.disconnect(db)
        self.__init__(self.names)

    def disconnect(self, db):
        """The transaction is over, if there was one. What the relay remembers stays."""
        if db.locked_by is self:
            db.rollback()
        self.next_step = "answer" if self.under_way else "look"

    def look(self, db, redis, now, refused, reply_lost):
        self.seen, self.complete, self.next_step = redis.checkpoints, len(redis.checkpoints) < redis.kept, "claim"
        self.xid_before_the_lock = db.next_xid

    # The claim: ONE database transaction, the partition's row locked, no call to Redis. Statements in this order:
    #   claim                    lock, own transaction id, where the queue stands; often the other statements are not needed
    #   read_highest_id
    #   read_oldest_transaction
    #   scan_and_write           the messages that are in no batch; the new batch

    def claim(self, db, redis, now, refused, reply_lost):
        if db.locked_by:
            return None  # waits
        self.xid = db.lock(self)
        partition, newest = db.partition, self.seen[0] if self.seen else None
        if self.under_way and not partition.has(self.under_way.batch) and not mistake("a claim ahead on another log"):
            return self.look_again(db)
        if partition.stopped:
            return self.rest(db, newest)

        # Since our last claim somebody found that Redis lost something, perhaps after we looked.
        if self.rewinds != len(partition.rewinds) and not mistake("a look from before a rewind"):
            if not self.under_way:  # the answer of an append under way may be from before the rewind, too
                self.rewinds = len(partition.rewinds)
            return self.look_again(db)
        known = next((c.position for c in self.seen if partition.knows(c)), partition.purged)
        stranger = newest is not None and newest.history not in partition.histories
        lost = newest is not None and newest.position > partition.purged and not partition.knows(newest)
        new_foreign = stranger or (lost and newest[:2] != partition.foreign)
        if known < partition.delivered or new_foreign:
            # Believed only if a second look sees the same, and nobody has moved `delivered` in between.
            doubt = (self.seen, None if mistake("a second look at something else") else (len(partition.delivery), partition.delivered))
            if self.doubt != doubt and not mistake("no second look"):
                self.doubt = doubt
                return self.look_again(db)
        self.doubt = None
        if mistake("every sighting counts") and lost:
            new_foreign = stranger = True
        if mistake("lost or stranger alike") and lost:
            stranger = True
        if new_foreign:
            self.heal(partition, newest, stranger, now)
            if partition.stopped:
                return self.rest(db, newest)
        partition.move_delivered(known, self.seen, self.complete, now)
        self.history = partition.histories[-1]
        if partition.paused:
            return self.rest(db, newest)

        self.first = (self.under_way.last if self.under_way else known) + 1
        self.batch = partition.batch_of(self.first)
        self.next_step = "read_highest_id"
        if self.batch is not None:
            self.cut(db)
            self.claimed()
        return None

    def claimed(self):
        """The claimed batch is appended next, perhaps while another one is claimed; or it was itself claimed during an append."""
        if self.next_step == "append":
            if self.under_way:
                self.claimed_ahead, self.next_step = True, "answer"
            elif self.overlaps and self.limit == BATCH:
                self.next_step = "append_meanwhile"

    def claim_ahead(self, db, redis, now, refused, reply_lost):
        """A claim of what comes after the batch whose append is under way, if the log has that batch. It heals nothing."""
        self.doubt = None
        self.claim(db, redis, now, refused, reply_lost)
        self.doubt = None
        if self.next_step not in ("claim_ahead", "read_highest_id"):
            self.next_step = "answer"

    def heal(self, partition, newest, stranger, now):
        """Goes on from what is known, in a new history, so that what we write from here on can be told from what was lost.

        A checkpoint that a restore lost stops nothing, however often it is seen. A stranger was written by a copy of this database
        that went its own way. Its history becomes one of ours, so a late append in it (after two restores) stops nothing either.
        A copy that keeps working draws a new history with each heal. The second stranger in an hour stops the partition.
        """
        if stranger:
            if now - partition.stranger_at < HOUR and not mistake("a stranger never stops anything"):
                partition.stopped, partition.halt = True, next(self.names)
                return
            partition.stranger_at = now
        adopted = () if mistake("a healed stranger stays a stranger") else (newest.history,)
        partition.foreign, partition.histories = newest[:2], partition.histories + adopted + (next(self.names),)

    def look_again(self, db):
        db.rollback()
        self.next_step = "look"

    def rest(self, db, newest):
        """Paused or stopped. The fence carries the name of the pause, so any relay that looks can tell whether it is there."""
        partition, self.next_step = db.partition, "look"
        fenced = newest is not None and (newest.nonce == partition.halt or (mistake("a fence of any pause") and newest.nonce > SKIP))
        needed = not fenced and (newest is None or partition.expected_by_ours(newest))
        if mistake("a fence is not repeated") and partition.fenced == partition.halt:
            needed = False
        if needed:
            self.halt, self.history, self.next_step = partition.halt, partition.histories[-1], "fence"
        else:
            partition.fenced = partition.halt  # what the operator's answer says
        db.commit()
        return None if needed else "drained"

    def cut(self, db):
        """The rest of the batch, or what there is room for. A requeued message's own position is skipped again: its copy comes later."""
        marks = db.partition.marks
        rest = self.batch.ids[self.first - self.batch.first :]
        requeued = [m in marks and marks[m][1] for m in rest] + [True]
        if requeued[0] and not mistake("a requeued message passes without a skip"):
            self.ids, self.next_step = rest[:1], "skip"
        else:
            upto = self.limit if mistake("a requeued message passes without a skip") else min(self.limit, requeued.index(True))
            self.ids, self.next_step = rest[:upto], "append"
            self.to_send = [db.messages[m].uuid for m, withheld in zip(self.ids, requeued) if m in db.messages and not withheld]
        db.commit()

    def read_highest_id(self, db, redis, now, refused, reply_lost):
        # What we remember holds only for this log on this server. If either has changed, another relay claimed, or the database was
        # restored: what was scanned may be in no batch again, and a prepared transaction that was over may be there again.
        where = (db.partition.end, db.started)
        if self.scan and self.scan.end != where[0] and not mistake("scan outlives the log it was read with"):
            self.scan = None
        if self.proved_where[0] != where[0] and not mistake("what is settled outlives the log it was proved with"):
            self.proved = 0
        if self.proved_where[1] != where[1] and not mistake("a proof outlives a restore"):
            self.scan, self.proved = None, 0
        self.proved_where = where
        self.highest = db.highest_id()
        self.next_step = "read_oldest_transaction"

    def read_oldest_transaction(self, db, redis, now, refused, reply_lost):
        self.oldest = db.oldest_transaction()
        self.visible_too_early = set(db.messages)
        self.next_step = "scan_and_write"

    def current_settling(self, db):
        """What the newest batch says, or more if we have proved more since."""
        settled, sample_id, sample_xid = db.partition.settling
        if self.proved > settled:
            settled = self.proved
            if sample_id is not None and sample_id <= settled:
                sample_id = sample_xid = None
        if sample_xid is not None and sample_xid > self.xid and not mistake("a sample from another cluster is kept"):
            sample_id = sample_xid = None  # this is a dump from another cluster, where transaction ids were higher
        return Settling(settled, sample_id, sample_xid)

    def take_sample(self, db, settling):
        settled, sample_id, sample_xid = settling
        if sample_id is None:
            sample_id = self.highest if self.highest > settled else None
            if mistake("the snapshot's xmax"):
                sample_xid = db.highest_completed_xid + 1
            if mistake("sample and transaction id from one claim"):
                sample_xid = self.xid
        elif sample_xid is None:
            sample_xid = self.xid_before_the_lock if mistake("an id from before the lock") else self.xid
        return Settling(settled, sample_id, sample_xid)

    def scan_and_write(self, db, redis, now, refused, reply_lost):
        partition, visible = db.partition, db.messages
        settling = self.current_settling(db)
        if mistake("the oldest transaction is read after the scan"):
            self.oldest, visible = db.oldest_transaction(), self.visible_too_early
        settling = self.take_sample(db, settling)
        over = settling.sample_xid is not None and (self.oldest >= settling.sample_xid or mistake("settled too soon"))
        provable = settling.sample_id if over else None
        if self.scan is None or self.highest < self.scan.high or (provable is not None and provable != self.scan.proves):
            self.scan = Scan(partition.end, settling.settled, self.highest, provable)

        end, after, high, proves = self.scan
        if mistake("no bound on the scan"):
            high = self.highest
        upto = min(high, after + WINDOW)
        batched = {m for b in partition.log if max(b.ids) > settling.settled for m in b.ids}
        ids = [m for m in sorted(visible) if after < m <= upto and m not in batched and m not in partition.marks][:BATCH]
        if len(ids) == BATCH:
            upto = ids[-1]
        self.scan = Scan(end, upto, high, proves) if upto < high else None
        proved = 0 if proves is None else proves if mistake("more is settled than the scan has passed") else min(proves, upto)
        if proved > settling.settled:
            settled, sample_id, sample_xid = proved, settling.sample_id, settling.sample_xid
            settling = Settling(settled) if sample_id is None or sample_id <= settled else Settling(settled, sample_id, sample_xid)

        if ids:
            if settling.sample_id is None and self.highest > settling.settled:
                settling = settling._replace(sample_id=self.highest)
            partition.write_batch(ids, next(self.names), settling)
            self.proved_where = (partition.end, db.started)
            if self.scan:
                self.scan = self.scan._replace(end=partition.end)
            self.batch = partition.log[-1]
            self.cut(db)
            self.claimed()
            return None
        db.commit()
        self.proved = settling.settled
        self.next_step = "answer" if self.under_way else "look"
        return None if self.scan or self.under_way else "drained"

    # Redis

    def send(self, redis, messages, refused, nonce):
        position = self.first + len(self.ids) - 1
        return redis.append(self.seen, Checkpoint(position, self.batch.name, self.history, nonce), messages, refused)

    def append(self, db, redis, now, refused, reply_lost):
        self.answered(*self.send(redis, self.to_send, refused, APPEND), redis, reply_lost)

    def append_meanwhile(self, db, redis, now, refused, reply_lost):
        """The append of the newest batch is sent, and the next batch is claimed before its answer is there."""
        self.under_way = Claimed(self.first, self.batch, self.ids, self.to_send, self.history)
        self.reply = self.send(redis, self.to_send, refused, APPEND) if self.sent_at_once else None
        self.next_step = "claim_ahead"

    def answer(self, db, redis, now, refused, reply_lost):
        """The append under way is answered. What was claimed meanwhile is appended next only if that append is known to have succeeded."""
        following = Claimed(self.first, self.batch, self.ids, self.to_send, self.history) if self.claimed_ahead else None
        self.first, self.batch, self.ids, self.to_send, self.history = self.under_way
        reply = self.reply or self.send(redis, self.to_send, refused, APPEND)
        self.under_way, self.reply, self.claimed_ahead = None, None, False
        self.answered(*reply, redis, reply_lost)
        appended = reply[0] == "APPENDED" and not reply_lost
        if following and (appended or mistake("what was claimed ahead is appended whatever became of the append before it")):
            self.first, self.batch, self.ids, self.to_send, self.history = following
            self.next_step = "append_meanwhile" if self.overlaps else "append"

    def answered(self, answer, seen, redis, reply_lost):
        self.seen = seen
        self.complete, self.next_step = len(self.seen) < redis.kept, "look" if reply_lost else "claim"
        if answer == "REFUSED" and not reply_lost:
            if len(self.ids) > 1:
                self.limit = 1  # the real relay halves
            else:
                self.next_step = "park"
        elif answer == "APPENDED":
            self.limit = BATCH

    def park(self, db, redis, now, refused, reply_lost):
        """The message was refused alone, while an empty append passes. It is recorded first and skipped second."""
        if db.locked_by:
            return
        partition = db.partition
        batch = partition.batch_of(self.first)
        recorded = batch is not None and batch.name == self.batch.name and partition.delivered < self.first
        if recorded:
            partition.marks.setdefault(self.ids[0], [self.first, False])
        self.next_step = "skip" if recorded else "look"

    def skip(self, db, redis, now, refused, reply_lost):
        _, self.seen = self.send(redis, [], (), SKIP)
        self.complete, self.limit, self.next_step = len(self.seen) < redis.kept, BATCH, "look" if reply_lost else "claim"

    def fence(self, db, redis, now, refused, reply_lost):
        """Repeats the newest checkpoint, if there is one, under the pause's name, so that an append under way becomes stale."""
        self.next_step = "look"
        position, batch = self.seen[0][:2] if self.seen else (0, 0)
        if not mistake("pause without fence"):
            redis.append(self.seen, Checkpoint(position, batch, self.history, self.halt), [], ())


# ----------------------------------------------------------------------------------------------------------------- the checker


class Faults(NamedTuple):
    name: str
    redis: bool
    database: bool
    at_most: int
    human: bool  # whether an operator may be needed


FAULTS = (
    Faults("none", False, False, 0, False),
    Faults("one", True, True, 1, False),
    Faults("restores", False, True, 2, False),  # three, each with an append under way, can look like another copy of the database
    Faults("redis", True, False, 10**9, False),
    Faults("all", True, True, 10**9, True),
)


class Broken(Exception):
    pass


class Schedule:
    def __init__(self, seed, steps, faults, retention, kept):
        self.rng, self.steps, self.faults, self.retention, self.kept = random.Random(seed), steps, faults, retention, kept
        self.names = iter(range(1, 10**9))
        self.uuids = iter(range(1, 10**9))
        self.db, self.redis, self.relays = Database(), Redis(kept), [Relay(self.names), Relay(self.names)]
        self.backups, self.expired, self.refused, self.appeared, self.parked, self.requeued = [], set(), set(), set(), set(), set()
        self.losses, self.trace, self.now = 0, [], 0
        self.guarded = None  # the pause that is fenced, as long as no state was lost since
        self.pauses_of_backups = set()  # an append that was claimed before a restore brought them back may expect their fence

    def run(self):
        for self.now in range(self.steps):
            self.something()
        self.everything_heals()
        self.scrub_and_drain(self.relays[0])
        self.check()
        self.settle()

    # Faults and work, at random

    def something(self):
        dice = self.rng.random()
        if dice < 0.33:
            self.registration(self.rng.randrange(MODELS))
        elif dice < 0.80:
            self.relay(self.rng.randrange(2))
        elif dice < 0.83:
            i = self.rng.randrange(2)
            self.relays[i].crash(self.db)
            self.trace.append(f"relay {i} crashes")
        elif dice < 0.93:
            if not self.db.locked_by:
                self.operator_or_retention()
        elif dice < 0.99:
            if self.losses < self.faults.at_most:
                self.lose_state()
        elif self.refused and self.rng.random() < 0.5:
            self.refused.discard(self.rng.choice(sorted(self.refused)))

    def registration(self, model):
        db = self.db
        if model not in db.open:
            db.begin(model)
            if db.open[model].message:
                db.open[model].uuid = next(self.uuids)
            self.trace.append(f"model {model} begins")
        elif db.open[model].xid is None:
            db.open[model].xid = db.draw_xid()
        elif db.open[model].message is None:
            uuid = next(self.uuids)
            db.take_id(model, uuid)
            if self.rng.random() < 0.06:
                self.refused.add(uuid)
            self.trace.append(f"model {model} takes id {db.open[model].message}")
        else:
            db.finish(model, commit=self.rng.random() < 0.9)
            self.trace.append(f"model {model} ends")

    def relay(self, i):
        relay = self.relays[i]
        if relay.next_step in ("look", "claim"):
            relay.overlaps, relay.sent_at_once = self.rng.random() < 0.4, self.rng.random() < 0.5
        if relay.next_step == "claim" and self.rng.random() < 0.1:
            relay.limit = 1  # the queue has room for one message only
        while True:
            step, before, queue = relay.next_step, self.db.partition.fenced, self.redis.queue
            relay.step(self.db, self.redis, self.now, self.refused, reply_lost=self.rng.random() < 0.12)
            self.parked |= {self.db.messages[m].uuid for m in self.db.partition.marks if m in self.db.messages}
            self.trace.append(f"relay {i} {step}")
            self.watch(before, queue, relay)
            if self.db.locked_by is not relay or self.rng.random() < 0.3:
                break

    def watch(self, fenced_before, queue_before, relay):
        partition, newest = self.db.partition, self.redis.newest
        halted = partition.paused or partition.stopped
        if halted and self.guarded == partition.halt and self.redis.queue != queue_before:
            raise Broken("APPENDED BEHIND A FENCE", queue_before, self.redis.queue)
        if halted and partition.fenced == partition.halt not in self.pauses_of_backups and newest is not None:
            just_recorded = fenced_before != partition.halt and newest.nonce > SKIP and relay.seen == self.redis.checkpoints
            if just_recorded or newest.nonce == partition.halt:
                self.guarded = partition.halt
        if partition.stopped and not self.faults.human:
            raise Broken("A HUMAN IS NEEDED", partition.foreign)

    def operator_or_retention(self):
        partition, dice = self.db.partition, self.rng.random()
        if dice < 0.25:
            if partition.paused:
                partition.paused = False
                self.trace.append("resume")
            else:
                partition.paused, partition.halt = True, next(self.names)
                self.trace.append(f"pause {partition.halt}")
        elif dice < 0.35 and self.kept > 1:  # with one checkpoint, a mark that should have gone may stay, and its copy would be a duplicate
            self.requeue()
        elif dice < 0.45:
            self.scrub()
        elif dice < 0.5:
            self.appear_below_settled()
        elif dice < 0.55:
            partition.stopped = False
        else:
            self.purge()

    def requeue(self):
        uuid = self.db.requeue()
        if uuid is not None:
            self.requeued.add(uuid)
            self.trace.append(f"{uuid} is requeued")

    def scrub(self):
        found = set() if mistake("no scrub") else set(self.db.scrub(self.names))
        if found - self.appeared:
            raise Broken("NOT SETTLED AFTER ALL", found - self.appeared, self.db.partition.settling)
        if found:
            self.trace.append(f"scrub finds {found}")
        return found

    def appear_below_settled(self):
        db = self.db
        free = [m for m in range(1, db.partition.settling.settled + 1) if m not in db.ever and all(m != t.message for t in db.open.values())]
        if free:
            uuid = next(self.uuids)
            self.appeared.add(uuid)
            db.insert(self.rng.choice(free), uuid, None)
            self.trace.append(f"{uuid} appears below settled")

    def purge(self):
        for uuid, rightly in self.db.purge(self.now, self.retention):
            if not rightly:
                raise Broken("PURGED TOO SOON", uuid)
            self.expired.add(uuid)
            self.trace.append(f"{uuid} is purged")

    def lose_state(self):
        kinds = self.faults.database * ["backup", "restore"] + self.faults.redis * ["fall back", "fall back", "wipe"]
        kind = self.rng.choice(kinds)
        if kind == "backup":
            self.backups.append(self.db.backup())
            self.trace.append("backup")
        elif kind == "restore":
            if self.backups:
                self.restore(self.rng.choice(self.backups[-3:]))
        else:
            if kind == "wipe":
                self.redis = Redis(self.kept)
            else:
                self.redis.fall_back(self.rng.randrange(len(self.redis.past)))
            self.losses, self.guarded = self.losses + 1, None
            self.trace.append(f"redis loses state; its newest checkpoint is now {self.redis.newest}")

    def restore(self, backup):
        """What was committed after the backup is gone. The sequence gives some ids again."""
        for relay in self.relays:
            if self.db.locked_by is relay:
                relay.disconnect(self.db)
        running, self.db = self.db, backup.backup()
        db, kind = self.db, self.rng.randrange(3)
        self.losses, self.guarded = self.losses + 1, None
        self.pauses_of_backups.add(db.partition.halt)
        if kind == 0:  # its files: prepared transactions are there again
            db.open = {model: t for model, t in db.open.items() if t.message and self.rng.random() < 0.5}
            db.started = next(self.names)
        elif kind == 1:  # a dump, into another cluster, where transaction ids are low
            db.open, db.started, db.next_xid, db.highest_completed_xid = {}, next(self.names), 1, 0
        else:  # a dump, into the running server
            db.open, db.started, db.next_xid, db.highest_completed_xid = {}, running.started, running.next_xid, running.highest_completed_xid
        self.trace.append(f"database restored ({('its files', 'in another cluster', 'in the running server')[kind]})")
        used = max(list(db.ever) + [t.message for t in db.open.values()], default=0)
        db.next_id = self.rng.randint(used + 1, max(db.next_id, used + 1))

    # Then everything heals, and the partition must drain

    def everything_heals(self):
        db = self.db
        for relay in self.relays:
            relay.disconnect(db)
        for model in list(db.open):
            db.finish(model, commit=True)
        if db.partition.paused or db.partition.stopped:
            for _ in range(30):
                self.relays[1].step(db, self.redis, self.now)
        self.relays[1].disconnect(db)
        partition, newest = db.partition, self.redis.newest
        if partition.paused or partition.stopped:
            if newest is None or (newest.nonce != partition.halt and partition.expected_by_ours(newest)):
                raise Broken("NOT FENCED", partition.halt, newest)
        partition.paused = partition.stopped = False
        partition.stranger_at = ANY_TIME_AGO

    def drain(self, relay):
        quiet = 0
        for self.now in range(self.now + 1, self.now + 5000):
            quiet += relay.step(self.db, self.redis, self.now, self.refused) == "drained"
            if self.db.partition.stopped:
                if not self.faults.human:
                    raise Broken("A HUMAN IS NEEDED", self.db.partition.foreign)
                self.db.partition.stopped, self.db.partition.stranger_at, quiet = False, ANY_TIME_AGO, 0
            if quiet == 2:
                return
        raise Broken("LIVELOCK", relay.next_step)

    def scrub_and_drain(self, relay):
        self.drain(relay)
        while self.scrub():
            pass
        self.drain(relay)

    def check(self):
        partition, queue = self.db.partition, self.redis.queue
        in_queue, marked = set(queue), {m for m, mark in partition.marks.items() if not mark[1]}
        # A mark is learnt again from its skip, as long as Redis still has that checkpoint.
        forgiven = self.parked if self.losses and self.kept <= 4 else set()
        unclaimed = set(self.db.messages) - {m for b in partition.log for m in b.ids} - set(partition.marks)
        if unclaimed:
            raise Broken("IN NO BATCH", unclaimed, partition.settling)
        for m, message in self.db.ever.items():
            if m in self.db.messages:
                if message.uuid not in in_queue | forgiven | self.expired and m not in partition.marks:
                    raise Broken("LOSS", m, message, queue)
            elif m in marked:
                raise Broken("PARKED AND PURGED", m, message)
            elif message.uuid not in self.expired:
                raise Broken("LOSS", m, message, queue)
        if len(partition.rewinds) > self.losses:
            raise Broken("FALSE REWIND", partition.rewinds)
        if self.losses:
            return
        if len(queue) != len(in_queue):
            raise Broken("DUPLICATE", queue)
        if self.kept > 1 and any(self.db.ever[m].uuid in in_queue for m in marked):
            raise Broken("DELIVERED AND MARKED AS PARKED", marked, queue)
        by_uuid = {message.uuid: message for message in self.db.ever.values()}
        for model in range(MODELS):
            order = [by_uuid[u].commit_order for u in queue if u in by_uuid and by_uuid[u].model == model and u not in self.requeued]
            if order != sorted(order):
                raise Broken("ORDER", queue)

    def settle(self):
        """Nothing holds `settled` back any more, so within a few batches it passes the highest id that there is now."""
        top = self.db.highest_id()
        for _ in range(4):
            self.db.begin(0)
            self.db.open[0].xid = self.db.open[0].xid or self.db.draw_xid()
            if not self.db.open[0].message:
                self.db.take_id(0, next(self.uuids))
            self.db.open[0].uuid = next(self.uuids)
            self.db.finish(0, commit=True)
            self.drain(self.relays[0])
        if self.db.partition.settling.settled < top:
            raise Broken("SETTLED STANDS STILL", self.db.partition.settling, top)


def two_copies(seed, steps, kept):
    """Two copies of a database work on one Redis. Only a label of the environment can prevent that."""
    schedule = Schedule(seed, steps, FAULTS[0], 10**9, kept)
    rng = schedule.rng
    for _ in range(rng.randrange(steps)):
        schedule.something()
    sides = []
    for db in (schedule.db.backup(), schedule.db.backup()):
        side = Schedule(seed, steps, FAULTS[-1], 10**9, kept)
        side.db, side.redis, side.names, side.uuids, side.rng = db, schedule.redis, schedule.names, schedule.uuids, rng
        side.appeared = set(schedule.appeared)
        side.relays = [Relay(side.names), Relay(side.names)]
        db.open = {}
        db.partition.paused, db.partition.stopped = False, False
        sides.append(side)
    for step in range(steps * 10):
        side = rng.choice(sides)
        side.now = step
        if rng.random() < 0.2 and step < steps * 8:
            side.registration(rng.randrange(MODELS))
        else:
            side.relay(rng.randrange(2))
    running = [side for side in sides if not side.db.partition.stopped]
    if len(running) != 1:
        raise Broken(f"{len(running)} OF TWO COPIES GO ON")
    survivor = running[0]
    for relay in survivor.relays:
        relay.crash(survivor.db)
    for model in list(survivor.db.open):
        survivor.db.finish(model, commit=True)
    survivor.losses = 2 * HOUR  # each took the other's messages for a loss
    survivor.scrub_and_drain(survivor.relays[0])
    survivor.check()


def registered(db, model, message):
    """Commits a message of this model, with the id that it drew earlier or draws now."""
    if model not in db.open:
        db.begin(model)
        db.take_id(model, message)
    db.finish(model, commit=True)


def run_until_drained(db, redis, relay):
    for now in range(1000):
        if relay.step(db, redis, now) == "drained":
            return
    raise Broken("LIVELOCK", relay.next_step)


def prepared_transaction(seed, steps):
    """A restore brings back a prepared transaction whose end a relay has seen. Too rare for random schedules."""
    db, redis, relay = Database(), Redis(4), Relay(iter(range(1, 10**9)))
    db.begin(0)
    db.take_id(0, 1)
    registered(db, 1, 2)
    run_until_drained(db, redis, relay)
    backup = db.backup()
    backup.started = 1
    db.finish(0, commit=False)
    run_until_drained(db, redis, relay)
    registered(backup, 0, 1)
    registered(backup, 2, 3)
    run_until_drained(backup, redis, relay)
    found = backup.scrub(relay.names)
    if found:
        raise Broken("NOT SETTLED AFTER ALL", found)


def imported_dump(seed, steps):
    """A dump is imported into the running server, and a relay remembers more settled ids than the dump. Too rare for random schedules."""
    db, redis, relay = Database(), Redis(4), Relay(iter(range(1, 10**9)))
    registered(db, 0, 1)
    dump = db.backup()
    for _ in range(3):
        run_until_drained(db, redis, relay)
    dump.next_xid = db.next_xid
    run_until_drained(dump, redis, relay)
    if not dump.partition.log:
        raise Broken("IN NO BATCH", 1)


def purged_sample(seed, steps):
    """The message with the sampled id is purged, and a lower id is committed while a claim runs. Too rare for random schedules."""
    db, redis, relay = Database(), Redis(4), Relay(iter(range(1, 10**9)))
    for model in (0, 1):
        db.begin(model)
        db.take_id(model, model + 1)
    registered(db, 2, 3)
    run_until_drained(db, redis, relay)
    registered(db, 0, 1)
    run_until_drained(db, redis, relay)
    db.purge(10**6, 10)
    while relay.next_step != "read_oldest_transaction":
        relay.step(db, redis, 10**6)
    registered(db, 1, 2)
    for _ in range(3):
        run_until_drained(db, redis, relay)
    registered(db, 3, 4)
    run_until_drained(db, redis, relay)
    if 2 not in redis.queue:
        raise Broken("LOSS", 2)


def random_schedule(seed, steps, faults, retention, kept):
    schedule = Schedule(seed, steps, faults, retention, kept)
    try:
        schedule.run()
    except Broken as broken:
        raise Broken(*broken.args, "schedule:", schedule.trace) from None


CHECKS = [(f"faults: {f.name}, retention {r}, checkpoints {k}", random_schedule, f, r, k) for f in FAULTS for r, k in ((10, 1), (10, 4), (10**9, 4), (10**9, 100))]
CHECKS += [("two copies of a database", two_copies, 4), ("a prepared transaction comes back", prepared_transaction), ("a dump is imported", imported_dump), ("the sample is purged", purged_sample)]


def check(schedules, steps):
    broken = 0
    for title, run, *arguments in CHECKS:
        try:
            for seed in range(schedules // 4):
                run(seed, steps, *arguments)
            print(f"{title}: {schedules // 4} schedules, nothing broken", flush=True)
        except Broken as found:
            broken += 1
            print(f"{title}, seed {seed}:", *found.args, flush=True)
    return broken


def notice(schedules, steps):
    """The first thing that breaks, and where."""
    for seed in (MISTAKES[made], *range(schedules)):
        for title, run, *arguments in CHECKS:
            try:
                run(seed, steps, *arguments)
            except Broken as found:
                return f"{found.args[0]} ({title}, seed {seed})"
    return None


def mistakes(schedules):
    global made
    missed = 0
    for made in MISTAKES:
        noticed = notice(schedules, 90)
        missed += not noticed
        print(f"{made}: {noticed or 'NOT NOTICED'}", flush=True)
    print(f"{len(MISTAKES) - missed} of {len(MISTAKES)} mistakes are noticed")
    return missed


if __name__ == "__main__":
    if sys.argv[1:2] == ["mistakes"]:
        sys.exit(1 if mistakes(int((sys.argv[2:] + ["3000"])[0])) else 0)
    arguments = list(map(int, sys.argv[1:]))
    sys.exit(1 if check(*(arguments + [20000, 90][len(arguments) :])) else 0)
