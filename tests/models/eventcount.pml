// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The eventcount on a futex under total store order: gst/core/ring/eventcount.h, EventCount::notify
// and EventCount::wait_until. The word is epoch << 1 | waiting.
//
// Every thread has a store buffer of two entries: a plain store goes in, the memory takes it out at
// any later time, the thread's own loads see it at once. A read-modify-write (and a system call)
// begins with an empty buffer and acts on the memory itself; so it stands for a seq_cst
// read-modify-write, or for a seq_cst store, which x86 does with one.
//
// What is checked, when nothing can move any more: no waiter sleeps whose condition is true. And at
// any time: there were no more wake-ups by system call than waiters who announced themselves.
// A notifier may stop early, so "nobody else will come and rescue the sleeper" is always a case. A
// sleep may also end for no reason (a signal), EINTR times in all.
//
// CONFIG one_to_one: WAITERS=1 NOTIFIERS=1 CHANGES=2 ROUNDS=2 EINTR=1
// CONFIG broadcast: WAITERS=2 NOTIFIERS=2 CHANGES=1 ROUNDS=2 EINTR=0
// CONFIG separate: WAITERS=2 NOTIFIERS=2 CHANGES=1 ROUNDS=1 EINTR=1 SEPARATE
// CONFIG plain_change: WAITERS=2 NOTIFIERS=1 CHANGES=2 ROUNDS=2 EINTR=0 PLAIN_CHANGE
//
// separate: each waiter has a condition of its own, but all share the word.
// plain_change: the condition is changed by a plain store (a limit, a mode); then the notifier has
// to read the word by a read-modify-write.
//
// MUTATION plain_store: the condition is changed by a plain store, the word read by a plain load
// MUTATION notify_first: the notifier reads the word before it changes the condition
// MUTATION no_recheck: the waiter does not look again after it announced itself
// MUTATION plain_announce: the waiter announces itself by a plain store
// MUTATION weak_recheck: the second look may take effect before the announcement (load not seq_cst)
// MUTATION no_epoch: the notifier clears the waiting bit and leaves the epoch alone
// MUTATION wake_one: the notifier wakes one of the waiters

#define THREADS (NOTIFIERS + WAITERS)
#define WORD 0          // mem[1 + n] is the part of the condition that notifier n changes
#define WAITING 1

byte mem[1 + NOTIFIERS];
byte buffered[THREADS];  // entries in the store buffer
byte buffered_at[2 * THREADS], buffered_value[2 * THREADS];
bool asleep[WAITERS];
byte goal[WAITERS];      // what the condition has to reach
byte eintr = EINTR;
byte announced, wakes;   // ghosts

#ifdef SEPARATE
#define FIRST(w) (w)
#define LAST(w) (w)
#else
#define FIRST(w) 0
#define LAST(w) (NOTIFIERS - 1)
#endif

inline load(address, result) {
    d_step {
        result = mem[address];
        if
        :: buffered[me] > 0 && buffered_at[2 * me] == address -> result = buffered_value[2 * me]
        :: else
        fi;
        if
        :: buffered[me] > 1 && buffered_at[2 * me + 1] == address ->
            result = buffered_value[2 * me + 1]
        :: else
        fi
    }
}

inline store(address, value) {
    atomic {
        buffered[me] < 2 ->
        buffered_at[2 * me + buffered[me]] = address;
        buffered_value[2 * me + buffered[me]] = value;
        buffered[me]++
    }
}

proctype StoreBuffer(byte me) {
end_empty:
    do
    :: atomic {
        buffered[me] > 0 ->
        mem[buffered_at[2 * me]] = buffered_value[2 * me];
        buffered_at[2 * me] = buffered_at[2 * me + 1];
        buffered_value[2 * me] = buffered_value[2 * me + 1];
        buffered_at[2 * me + 1] = 0;
        buffered_value[2 * me + 1] = 0;
        buffered[me]--
    }
    od
}

inline change_condition() {
#if defined(PLAIN_CHANGE) || defined(MUT_plain_store)
    store(1 + me, changes + 1)
#else
    atomic { buffered[me] == 0 -> mem[1 + me]++ }
#endif
}

inline futex_wake() {
    atomic {
        buffered[me] == 0 ->
        wakes++;
        assert(wakes <= announced);
#ifdef MUT_wake_one
        if
        :: asleep[0] -> asleep[0] = false
#if WAITERS > 1
        :: asleep[1] -> asleep[1] = false
#endif
        :: else
        fi
#else
        asleep[0] = false;
#if WAITERS > 1
        asleep[1] = false
#endif
#endif
    }
}

inline notify() { // EventCount::notify, notify_slow
#if defined(PLAIN_CHANGE) && !defined(MUT_plain_store)
    atomic { buffered[me] == 0 -> word = mem[WORD] };
#else
    load(WORD, word);
#endif
    do
    :: word & WAITING ->
        atomic { // compare_exchange
            buffered[me] == 0 ->
            won = (mem[WORD] == word);
            if
#ifdef MUT_no_epoch
            :: won -> mem[WORD] = word - WAITING
#else
            :: won -> mem[WORD] = word + 1 // clears the bit and carries into the epoch
#endif
            :: else -> word = mem[WORD]
            fi
        };
        if
        :: won -> futex_wake(); break
        :: else
        fi
    :: else -> break
    od;
    atomic { word = 0; won = false }
}

proctype Notifier(byte me) {
    byte changes, word;
    bool won;
    do
    :: changes < CHANGES ->
#ifdef MUT_notify_first
        notify();
        change_condition();
#else
        change_condition();
        notify();
#endif
        changes++
    :: true -> break
    od
}

inline check_condition() { // the predicate; its parts are loaded one after the other
    i = FIRST(me - NOTIFIERS);
    do
    :: i <= LAST(me - NOTIFIERS) ->
        load(1 + i, value);
        d_step { sum = sum + value; value = 0; i++ }
    :: else -> break
    od;
    atomic { ready = (sum >= goal[me - NOTIFIERS]); sum = 0; i = 0 }
}

inline prepare() {
#ifdef MUT_plain_announce
    load(WORD, key);
    atomic { announced++; key = key | WAITING };
    store(WORD, key)
#else
    atomic { // fetch_or
        buffered[me] == 0 ->
        if
        :: mem[WORD] & WAITING
        :: else -> announced++
        fi;
        mem[WORD] = mem[WORD] | WAITING;
        key = mem[WORD]
    }
#endif
}

inline park() {
    atomic { // futex_wait: the kernel compares and puts to sleep in one step
        buffered[me] == 0 ->
        if
        :: mem[WORD] == key -> asleep[me - NOTIFIERS] = true
        :: else
        fi;
        key = 0
    };
end_asleep:
    if
    :: !asleep[me - NOTIFIERS]
    :: atomic { asleep[me - NOTIFIERS] && eintr > 0 -> eintr--; asleep[me - NOTIFIERS] = false }
    fi
}

proctype Waiter(byte me) { // EventCount::wait_until, ROUNDS times
    byte key, i, value, sum;
    bool ready;
    do
    :: goal[me - NOTIFIERS] <= ROUNDS ->
        check_condition();
        if
        :: !ready ->
#if defined(MUT_weak_recheck)
            check_condition();
            prepare();
#elif defined(MUT_no_recheck)
            prepare();
#else
            prepare();
            check_condition();
#endif
            if
            :: !ready -> park()
            :: else
            fi
        :: else
        fi;
        d_step {
            key = 0;
            if
            :: ready -> goal[me - NOTIFIERS]++
            :: else
            fi;
            ready = false
        }
    :: else -> break
    od
}

inline assert_not_forgotten(w) {
    i = FIRST(w);
    do
    :: i <= LAST(w) -> sum = sum + mem[1 + i]; i++
    :: else -> break
    od;
    assert(!asleep[w] || sum < goal[w]);
    sum = 0
}

init {
    byte i, sum;
    atomic {
        do
        :: i < WAITERS -> goal[i] = 1; run Waiter(NOTIFIERS + i); i++
        :: else -> break
        od;
        i = 0;
        do
        :: i < NOTIFIERS -> run Notifier(i); i++
        :: else -> break
        od;
        i = 0;
        do
        :: i < THREADS -> run StoreBuffer(i); i++
        :: else -> break
        od
    };
    atomic {
        timeout -> // nothing moves any more
        assert_not_forgotten(0);
#if WAITERS > 1
        assert_not_forgotten(1)
#endif
    }
}
