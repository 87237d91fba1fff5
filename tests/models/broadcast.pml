// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One ring, one producer, two consumers with a head each: gst/core/ring/broadcast_ring.h,
// BroadcastRing::push, Member::take, join, leave. An item carries one reference per consumer from
// before its publication on; whoever moves a consumer's head past it owns that consumer's
// reference. Sticky events are left out: each cursor sets its own aside, as in ring.pml.
//
// Every access to a variable that another thread writes is a step of its own; steps are
// sequentially consistent.
//
// What is checked:
//  - a slot is overwritten only after all heads have passed it;
//  - every reference is released exactly once, and an item is used only by somebody who holds one
//    of its references, so never after its release;
//  - each consumer gets its items in order, and delivered + lost (+ left behind when it leaves) is
//    what was published while it was a member;
//  - lossy: a consumer loses an item only if it is a whole ring behind. Lossless: it loses none,
//    and the producer never sleeps for ever (it is woken only by the consumer that it has named).
//
// CONFIG lossy: CAP=2 ITEMS=5
// CONFIG lossy_three_slots: CAP=3 ITEMS=5
// CONFIG lossy_membership: CAP=2 ITEMS=4 MEMBERSHIP
// CONFIG lossless: CAP=2 ITEMS=4 LOSSLESS
// CONFIG lossless_membership: CAP=2 ITEMS=4 LOSSLESS MEMBERSHIP
//
// MUTATION use_before_exchange: a consumer uses the item before it owns a reference
// MUTATION use_lost_copy: a consumer uses its copy although its exchange failed
// MUTATION overwrite_unwon: the producer overwrites a slot without moving the heads past it
// MUTATION plain_head_store: the producer stores a consumer's head instead of exchanging it
// MUTATION late_references: the references are added after the publication
// MUTATION late_head_load: the fullness test and the exchange load head separately
// MUTATION early_tail: tail is published before the slot is written
// MUTATION stale_tail: a consumer takes any cached tail other than head as proof of an item
// MUTATION join_unlocked: a consumer reads its first index before it takes the lock
// MUTATION leave_undrained: a consumer stops being a member before its items are taken out
// MUTATION unnamed_look: the producer does not look again after it named who has to wake it

#define NOBODY 2

byte tail;
byte head[2];
byte slot[CAP];      // the index of the item, which stands for the item
bool joined[2];      // guarded by `locked`, like the producer's use of the heads
bool locked;
byte refs[ITEMS];
byte blocked_by = NOBODY;
bool waiting;        // not_full_, an EventCount
byte epoch;
bool parked;

// Ghosts.
bool owed[2 * ITEMS]; // the reference of this consumer to this item is not released yet
byte next[2];         // the least index that this consumer may get
bool done;

inline lock() { atomic { !locked -> locked = true } }
inline unlock() { locked = false }

inline release(consumer, item) {
    d_step {
        assert(owed[consumer * ITEMS + item]);
        assert(refs[item] > 0);
        owed[consumer * ITEMS + item] = false;
        refs[item]--
    }
}

#define IS_FULL(h) (t - (h) >= CAP)

#ifdef LOSSLESS
inline check_full() { // BroadcastRing::is_full
    no_room = false;
    lock();
    c = 0;
    do
    :: c < 2 && !no_room ->
        if
        :: joined[c] ->
            h = head[c];
            if
            :: IS_FULL(h) ->
                blocked_by = c;
#ifndef MUT_unnamed_look
                h = head[c];
#endif
                no_room = IS_FULL(h)
            :: else
            fi
        :: else
        fi;
        c++
    :: else -> break
    od;
    atomic { c = 0; h = 0 };
    unlock()
}

inline wait_for_room() {
    do
    :: true ->
        check_full();
        if
        :: !no_room -> break
        :: else
        fi;
        d_step { waiting = true; key = epoch };
        check_full();
        if
        :: !no_room -> break
        :: else -> atomic { parked = (epoch == key) }
        fi;
        !parked
    od;
    key = 0
}
#else
inline make_room() { // under the lock; what was won is released after it
    c = 0;
    do
    :: c < 2 ->
        if
        :: joined[c] ->
            do
            :: true ->
                h = head[c]; // the one load that serves the test and the exchange
                if
                :: IS_FULL(h) ->
#ifdef MUT_late_head_load
                    h = head[c];
#endif
#ifndef MUT_overwrite_unwon
                    d_step {
#ifdef MUT_plain_head_store
                        won = true;
#else
                        won = (head[c] == h);
#endif
                        if
                        :: won ->
                            assert(h < tail && IS_FULL(h));
                            head[c] = h + 1;
                            victim[c] = true;
                            assert(h >= next[c]);
                            next[c] = h + 1
                        :: else // lost: the consumer took it, look again
                        fi;
                        won = false
                    }
#else
                    break
#endif
                :: else -> break
                fi
            od
        :: else
        fi;
        c++
    :: else -> break
    od;
    atomic { c = 0; h = 0 }
}
#endif

inline add_references() {
    d_step {
        c = 0;
        do
        :: c < 2 ->
            if
            :: joined[c] -> refs[t]++; owed[c * ITEMS + t] = true
            :: else
            fi;
            c++
        :: else -> break
        od;
        c = 0
    }
}

active proctype Producer() {
    byte t, h, c, key;
    bool no_room, won;
    bool victim[2];
    atomic {
        joined[0] = true;
#ifndef MEMBERSHIP
        joined[1] = true
#endif
    };
    do
    :: t < ITEMS ->
#ifdef LOSSLESS
        wait_for_room();
        lock();
#else
        lock();
        make_room();
#endif
#ifndef MUT_late_references
        add_references();
#endif
#ifdef MUT_early_tail
        tail = t + 1;
#endif
        atomic {
            assert(!joined[0] || t - head[0] < CAP);
            assert(!joined[1] || t - head[1] < CAP);
            slot[t % CAP] = t
        };
#ifndef MUT_early_tail
        tail = t + 1;
#endif
#ifdef MUT_late_references
        add_references();
#endif
        unlock();
        if
        :: victim[0] -> release(0, t - CAP)
        :: else
        fi;
        if
        :: victim[1] -> release(1, t - CAP)
        :: else
        fi;
        d_step { victim[0] = false; victim[1] = false; t++ }
    :: else -> break
    od;
    done = true
}

inline after_take() { // a take makes room: wake the producer, if it waits for this consumer
#ifdef LOSSLESS
    if
    :: blocked_by == me ->
        d_step { // EventCount::notify; eventcount.pml has it in single steps
            if
            :: waiting -> waiting = false; epoch++; parked = false
            :: else
            fi
        }
    :: else
    fi
#else
    skip
#endif
}

inline use(item) { assert(refs[item] > 0 && owed[me * ITEMS + item]) }

inline take() { // RingCursor::take; `found` tells whether there was an item
    do
    :: true ->
        h = head[me];
        // Others move head too, so the cached tail may be behind it: hence >=, not ==.
#ifdef MUT_stale_tail
        if
        :: h != cached_tail
        :: else -> cached_tail = tail
        fi;
        found = (h != cached_tail);
#else
        if
        :: h < cached_tail
        :: else -> cached_tail = tail
        fi;
        found = (h < cached_tail);
#endif
        if
        :: found
        :: else -> break
        fi;
        item = slot[h % CAP];
#ifdef MUT_use_before_exchange
        use(item);
#endif
        d_step { // compare_exchange on this consumer's head
            won = (head[me] == h);
            if
            :: won ->
                assert(h < tail && item == h && h >= next[me]);
                head[me] = h + 1;
                next[me] = h + 1
            :: else
            fi
        };
#ifdef MUT_use_lost_copy
        if
        :: !won -> use(item)
        :: else
        fi;
#endif
        if
        :: won ->
            after_take();
            use(item);
            release(me, item);
            break
        :: else // the producer took it away: throw the copy away
        fi
    od;
    atomic { won = false; item = 0; h = 0 }
}

active [2] proctype Consumer() {
    byte me, h, item, cached_tail, first, last;
    bool found, won;
    d_step { me = _pid - 1; first = 0 };
#ifdef MEMBERSHIP
    if
    :: me == 1 -> // BroadcastRing::join
#ifdef MUT_join_unlocked
        first = tail;
        lock();
#else
        lock();
        first = tail;
#endif
        atomic {
            head[me] = first;
            next[me] = first;
            cached_tail = first;
            joined[me] = true;
            first = 0
        };
        unlock()
    :: else
    fi;
#endif
    do
    :: true ->
        take();
        if
        :: found -> found = false
        :: else ->
            if
            :: head[me] != tail
            :: done && head[me] == tail -> break
#ifdef MEMBERSHIP
            :: me == 1 -> break
#endif
            fi
        fi
#ifdef MEMBERSHIP
    :: me == 1 -> break
#endif
    od;
#ifdef MEMBERSHIP
    if
    :: me == 1 -> // BroadcastRing::leave: this consumer takes nothing any more
        lock();
#ifdef MUT_leave_undrained
        joined[me] = false;
        unlock();
#endif
        first = head[me];
        last = tail;
        h = first;
        do
        :: h < last ->
            item = slot[h % CAP];
            d_step {
                assert(item == h && head[me] == h);
                head[me] = h + 1;
                h++;
                item = 0
            }
        :: else -> break
        od;
#ifndef MUT_leave_undrained
        joined[me] = false;
        unlock();
#endif
#ifdef LOSSLESS
        d_step { // not_full_.notify()
            if
            :: waiting -> waiting = false; epoch++; parked = false
            :: else
            fi
        };
#endif
        do
        :: first < last -> release(me, first); first++
        :: else -> break
        od;
        atomic { first = 0; last = 0; h = 0; cached_tail = 0 }
    :: else
    fi;
#endif
    skip
}

active proctype AtTheEnd() {
    byte i;
    d_step {
        timeout ->
        assert(done && tail == ITEMS);
        do
        :: i < ITEMS ->
            assert(refs[i] == 0 && !owed[i] && !owed[ITEMS + i]);
            i++
        :: else -> break
        od
    }
}
