// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The ring with drop-oldest: gst/core/ring, RingWriter::push, RingCursor::take and
// RingCursor::drop_head. One producer, one consumer, one further thread that drops (a property
// change that leaks at once). Indices only grow; slot[index % CAP] is overwritten by the producer.
//
// Every access to a variable that another thread writes is a step of its own. A slot is two fields
// that are written and read one after the other, so that torn copies occur. Steps are sequentially
// consistent; that the C++ may use weaker orders is argued in docs/design/ring.md.
//
// What is checked, for every choice of buffers and sticky events:
//  - a slot is overwritten only after head has passed it, and head <= tail;
//  - what is delivered is what was pushed under that index, indices strictly rising, so an event
//    comes between the buffers that surrounded it, and nothing is delivered twice;
//  - a push drops only from a full ring, and nothing that was not published is ever dropped;
//  - drops are recorded once each, in order, and before the consumer reports the gap that they
//    leave; a sticky event is never dropped;
//  - "nothing there" is answered only when it is true; at the end delivered + dropped == sent.
//
// CONFIG two_slots: CAP=2 ITEMS=5 DROPS=2
// CONFIG three_slots: CAP=3 ITEMS=5 DROPS=1
//
// MUTATION two_head_loads: the fullness test and the exchange load head separately
// MUTATION late_head_load: likewise, but the second load is checked against the tail
// MUTATION append_after_exchange: a leaked event enters the side FIFO after the exchange on head
// MUTATION plain_head_store: the consumer stores head + 1 instead of exchanging it
// MUTATION deliver_lost_copy: the consumer delivers its copy although its exchange failed
// MUTATION no_take_back: a side entry stays although the exchange failed
// MUTATION early_tail: tail is published before the slot is written
// MUTATION count_before_head: the consumer reads the side count before it loads head
// MUTATION stale_tail: the consumer takes any cached tail other than head as proof of an item
// MUTATION drained_count_first: is_drained reads the side count before it loads head
// MUTATION tail_before_head: the third thread loads tail before head
// MUTATION droppers_unlocked: droppers are not serialized with each other
// MUTATION side_unlocked: the consumer looks into the side FIFO without the lock
// MUTATION record_unlocked: a drop is recorded after the lock was given up

#define NOTHING 0
#define BUFFER 1
#define STICKY 2

byte head, tail;
byte slot_index[CAP], slot_kind[CAP];
bool locked;
byte side_count; // read without the lock; the rest of the side FIFO only under it
byte side_index[ITEMS], side_kind[ITEMS];

// Ghosts: what really happened. They steer nothing.
byte pending[ITEMS];  // the kind of an item that is neither delivered nor recorded as dropped yet
byte next_delivered;  // the least index that may be delivered
byte next_recorded;   // the least index that may be recorded as dropped
byte accounted;       // delivered + dropped
byte writers = 2;

inline lock() { atomic { !locked -> locked = true } }
inline unlock() { locked = false }

#ifdef MUT_droppers_unlocked
inline lock_dropper() { skip }
inline unlock_dropper() { skip }
#else
inline lock_dropper() { lock() }
inline unlock_dropper() { unlock() }
#endif

#ifdef MUT_side_unlocked
inline lock_side() { skip }
inline unlock_side() { skip }
#else
inline lock_side() { lock() }
inline unlock_side() { unlock() }
#endif

inline deliver(index, seen_index, seen_kind) {
    assert(seen_index == index && seen_kind == pending[index] && seen_kind != NOTHING);
    assert(index >= next_delivered);
    next_delivered = index + 1;
    pending[index] = NOTHING;
    accounted++
}

inline append(index, kind) {
    d_step {
        side_index[side_count] = index;
        side_kind[side_count] = kind;
        side_count++
    }
}

inline take_back() {
    d_step {
        side_count--;
        side_index[side_count] = 0;
        side_kind[side_count] = NOTHING
    }
}

inline pop_front() {
    i = 0;
    do
    :: i + 1 < ITEMS ->
        side_index[i] = side_index[i + 1];
        side_kind[i] = side_kind[i + 1];
        i++
    :: else -> break
    od;
    side_index[i] = 0;
    side_kind[i] = NOTHING;
    side_count--;
    i = 0
}

// RingCursor::drop_head(h): the lock is held, the caller has shown that item h was published.
inline drop_head() {
    seen_index = slot_index[h % CAP];
    seen_kind = slot_kind[h % CAP];
#ifndef MUT_append_after_exchange
    if
    :: seen_kind == STICKY -> append(h, seen_kind)
    :: else
    fi;
#endif
    d_step { // compare_exchange on head
        won = (head == h);
        if
        :: won ->
            assert(h < tail);
            assert(seen_index == h && seen_kind == pending[h]);
            head = h + 1
        :: else
        fi
    };
    if
    :: won && seen_kind == STICKY ->
#ifdef MUT_append_after_exchange
        append(h, seen_kind)
#else
        skip
#endif
    :: won && seen_kind != STICKY ->
#ifdef MUT_record_unlocked
        unlock();
        lock();
#endif
        d_step { // DropLog::add
            assert(pending[h] == BUFFER);
            assert(h >= next_recorded);
            next_recorded = h + 1;
            pending[h] = NOTHING;
            accounted++
        }
    :: !won && seen_kind == STICKY ->
#if defined(MUT_no_take_back) || defined(MUT_append_after_exchange)
        skip
#else
        take_back()
#endif
    :: else
    fi;
    d_step { seen_index = 0; seen_kind = NOTHING }
}

active proctype Producer() { // RingWriter::push, leaking
    byte t, h, seen_index, seen_kind;
    bool won;
    do
    :: t < ITEMS ->
        // Until here h is the cached copy of head; a stale one only errs towards "full".
        do
        :: t - h < CAP -> break
        :: else ->
            h = head; // the one load that serves the test and the exchange
            if
            :: t - h < CAP -> break
            :: else ->
                lock_dropper();
#if defined(MUT_two_head_loads) || defined(MUT_late_head_load)
                h = head;
#endif
                if
#ifdef MUT_late_head_load
                :: h == t
#endif
                :: else ->
                    drop_head();
                    assert(!won || t - h == CAP)
                fi;
                unlock_dropper();
                d_step {
                    h = h + won; // lost: the consumer made room, look again
                    won = false
                }
            fi
        od;
#ifdef MUT_early_tail
        tail = t + 1;
#endif
        atomic {
            if
            :: pending[t] = BUFFER
            :: pending[t] = STICKY
            fi;
            assert(t - head < CAP);
            slot_index[t % CAP] = t
        };
        slot_kind[t % CAP] = pending[t];
#ifndef MUT_early_tail
        tail = t + 1;
#endif
        t++
    :: else -> break
    od;
    writers--
}

active proctype Dropper() { // RingQueue::leak after a limit was lowered
    byte t, h, seen_index, seen_kind, drops;
    bool won;
    do
    :: drops < DROPS ->
        lock_dropper();
        do
        :: true ->
#ifdef MUT_tail_before_head
            t = tail;
            h = head;
#else
            h = head;
            t = tail; // after head, so t >= h
#endif
            if
            :: h == t -> break
            :: else ->
                drop_head();
                if
                :: won -> break
                :: else
                fi
            fi
        od;
        unlock_dropper();
        d_step { h = 0; t = 0; won = false; drops++ }
    :: else -> break
    od;
    writers--
}

active proctype Consumer() { // RingCursor::take
    byte h, cached_tail, seen_index, seen_kind, count, i;
    bool won, taken, gap, settles, drained;
    do
    :: true ->
#ifdef MUT_count_before_head
        count = side_count;
        h = head;
#else
        h = head;
        count = side_count; // after head: entries below h were counted before head became h
#endif
        if
        :: count != 0 ->
            lock_side();
            atomic {
                if
                :: side_count != 0 && side_index[0] < h ->
                    gap = gap || side_index[0] != next_delivered;
                    deliver(side_index[0], side_index[0], side_kind[0]);
                    pop_front();
                    taken = true
                :: else
                fi
            };
            unlock_side()
        :: else
        fi;
        count = 0;
        if
        :: taken -> taken = false; goto again
        :: else
        fi;
        // The cached tail may be behind h, for others move head too: hence >=, not ==.
#ifdef MUT_stale_tail
        if
        :: h != cached_tail
        :: else -> cached_tail = tail
        fi;
        if
        :: h != cached_tail
        :: else -> goto nothing_there
        fi;
#else
        if
        :: h < cached_tail
        :: else ->
            atomic {
                cached_tail = tail;
                // With the lock held there may be an entry that is about to be taken back.
                assert(h < tail || (head == tail && (side_count == 0 || locked)))
            }
        fi;
        if
        :: h < cached_tail
        :: else -> goto nothing_there
        fi;
#endif
        seen_index = slot_index[h % CAP];
        seen_kind = slot_kind[h % CAP];
        d_step { // compare_exchange on head
#ifdef MUT_plain_head_store
            won = true;
#else
            won = (head == h);
#endif
            if
            :: won ->
                assert(h < tail);
                head = h + 1;
                gap = gap || h != next_delivered;
                deliver(h, seen_index, seen_kind)
            :: else ->
#ifdef MUT_deliver_lost_copy
                deliver(h, seen_index, seen_kind)
#else
                skip // somebody dropped it: throw the copy away
#endif
            fi;
            settles = (won && seen_kind == BUFFER && gap);
            seen_index = 0;
            seen_kind = NOTHING;
            won = false
        };
        if
        :: settles -> // ConsumerLedger::note: report the drops before this buffer
            lock();
            atomic { // DropLog::take_before
                do
                :: i < h -> assert(pending[i] == NOTHING); i++
                :: else -> break
                od;
                i = 0;
                gap = false;
                settles = false
            };
            unlock()
        :: else
        fi;
        goto again;
nothing_there:
        // EventCount::wait_until(!is_drained()); eventcount.pml shows that no wake-up is lost.
#ifdef MUT_drained_count_first
        count = side_count;
        h = head;
#else
        h = head;
        count = side_count;
#endif
        atomic {
            cached_tail = tail;
            drained = (count == 0 && h == tail);
            assert(!drained || (head == tail && (side_count == 0 || locked)))
        };
        count = 0;
        if
        :: drained ->
            drained = false;
            if
            :: head != tail || side_count != 0
            :: writers == 0 && head == tail && side_count == 0 -> break
            fi
        :: else
        fi;
again:
        skip
    od;
    assert(accounted == ITEMS && tail == ITEMS)
}
