// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The stack of idle blocks: gst/core/topology/tagged_stack.h. Threads push and pop numbers; the
// links lie outside, and a pop reads the link of a number that another may have taken meanwhile.
//
// What is checked: a number that was popped belongs to nobody else. When nothing moves any more,
// each number is in the stack or with a thread, once.
//
// The memory is sequentially consistent. Weaker orders are enough for the links, as a link counts
// only if the exchange that follows finds the head it was read under, and each exchange is acq_rel.
//
// CONFIG two_threads: THREADS=2 NUMBERS=3 ROUNDS=4
// CONFIG three_threads: THREADS=3 NUMBERS=2 ROUNDS=2
//
// MUTATION no_tag: the head has no tag, so a number that came back looks as if it never went
// MUTATION late_link: a push writes the link after the number can be seen
// MUTATION plain_head: a pop writes the head without comparing

#define NONE 0             // links and heads are the number plus one
#define FREE 255

byte head = NONE;
byte tag = 0;
byte next[NUMBERS];
byte owner[NUMBERS];
byte finished = 0;

inline exchange(new_link, succeeded) {
    atomic {
        if
        :: head == seen_head && tag == seen_tag ->
            head = new_link;
#ifndef MUT_no_tag
            tag++;
#endif
            succeeded = true
        :: else -> seen_head = head; seen_tag = tag; succeeded = false
        fi
    }
}

inline pop() {
    atomic { seen_head = head; seen_tag = tag }
    do
    :: seen_head == NONE -> break
    :: else ->
        link = next[seen_head - 1];
        number = seen_head - 1;
#ifdef MUT_plain_head
        head = link;
        done = true;
#else
        exchange(link, done);
#endif
        if
        :: done ->
            atomic {
                assert(owner[number] == FREE);
                owner[number] = me
            }
            break
        :: else
        fi
    od
}

inline push(pushed) {
    owner[pushed] = FREE;
    atomic { seen_head = head; seen_tag = tag }
    do
    :: true ->
#ifdef MUT_late_link
        link = seen_head;
        exchange(pushed + 1, done);
        if
        :: done -> next[pushed] = link; break
        :: else
        fi
#else
        next[pushed] = seen_head;
        exchange(pushed + 1, done);
        if
        :: done -> break
        :: else
        fi
#endif
    od
}

proctype User(byte me) {
    byte seen_head, seen_tag, link, number, rounds;
    bool done;
    do
    :: rounds < ROUNDS -> rounds++; pop()
    :: rounds < ROUNDS ->
        rounds++;
        if
        :: owner[0] == me -> push(0)
        :: owner[1] == me -> push(1)
#if NUMBERS > 2
        :: owner[2] == me -> push(2)
#endif
        :: else
        fi
    :: rounds == ROUNDS -> break
    od;
    finished++
}

init {
    byte i, at, count;
    atomic {
        for (i : 0 .. NUMBERS - 1) {
            next[i] = head;
            owner[i] = FREE;
            head = i + 1
        }
        for (i : 0 .. THREADS - 1) {
            run User(i)
        }
    }
    finished == THREADS;
    at = head;
    do
    :: at == NONE -> break
    :: else ->
        assert(owner[at - 1] == FREE);
        count++;
        assert(count <= NUMBERS);
        at = next[at - 1]
    od;
    for (i : 0 .. NUMBERS - 1) {
        count = count + (owner[i] != FREE)
    }
    assert(count == NUMBERS)
}
