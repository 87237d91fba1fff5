// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How RecordHub reads the rings of several threads: gst/core/record/record_hub.h.
//
// A token goes from thread to thread. Who has it takes a stamp, publishes a record in its own ring and
// hands the token on. So the record of the next holder is an effect of this one. The reader looks at
// all tails, later looks again, and then handles what the first look found, in the order of stamps,
// with what the second look found to be older. It must never handle an effect before its cause.
//
// Each thread has one record, so a ring is "published or not". Stamps are taken while the token is
// held: they rise from holder to holder.
//
// CONFIG three: THREADS=3 ROUNDS=3
// CONFIG four: THREADS=4 ROUNDS=3
// MUTATION one_look: what a look found is handled at once
// MUTATION no_older: what only the second look found waits, though it is older
// MUTATION late_publish: the token is handed on before the record is published

byte holder = 0;
bool published[THREADS];
byte stamp[THREADS];

bool first[THREADS];
bool second[THREADS];
bool handled[THREADS];

proctype Writer(byte self) {
    holder == self;
    stamp[self] = self + 1;
#ifdef MUT_late_publish
    holder = self + 1;
    published[self] = true
#else
    published[self] = true;
    holder = self + 1
#endif
}

// Causes of a record are those of all earlier holders.
inline handle(which) {
    byte cause = 0;
    do
    :: cause < which ->
        assert(handled[cause]);
        cause++
    :: else -> break
    od;
    handled[which] = true
}

inline look() {
    i = 0;
    do
    :: i < THREADS ->
        first[i] = second[i];
        second[i] = published[i];
#ifdef MUT_one_look
        first[i] = second[i];
#endif
        i++
    :: else -> break
    od
}

// Handles all that the first look found, oldest first, after what is older in the second. The
// stamps rise with the numbers of the threads, so the order of numbers is that of stamps.
inline merge() {
    d_step {
        last_due = 0;
        i = 0;
        do
        :: i < THREADS ->
            if
            :: first[i] && !handled[i] -> last_due = i + 1
            :: else
            fi;
            i++
        :: else -> break
        od;
        i = 0
    }
    do
    :: i < last_due ->
        if
#ifdef MUT_no_older
        :: first[i] && !handled[i] -> handle(i)
#else
        :: second[i] && !handled[i] -> handle(i)
#endif
        :: else
        fi;
        i++
    :: else -> break
    od
}

proctype Reader() {
    byte i;
    byte last_due;
    byte round = 0;
    do
    :: round < ROUNDS + THREADS ->
        look();
        merge();
        round++
    :: else -> break
    od
}

init {
    byte n = 0;
    atomic {
        do
        :: n < THREADS -> run Writer(n); n++
        :: else -> break
        od;
        run Reader()
    }
}
