/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: base. A mutex with a rank. A thread takes locks in the order of their ranks only, which
 * makes a deadlock between them impossible.
 *
 * The order is checked where AE_DEBUG is defined (configure --enable-debug, and every build with
 * sanitizers): a violation prints both ranks and aborts, there and then, whether or not the other
 * thread happens to be in the way. In a release nothing is checked and nothing can abort.
 *
 * A thread that holds a lock cannot be cancelled (pthread_cancel): it is the host's thread, and would
 * take the lock with it. What is pending acts at its first cancellation point after the last release.
 */
#ifndef AE_BASE_LOCK_H
#define AE_BASE_LOCK_H

#include <pthread.h>
#include <stdbool.h>

#ifdef AE_DEBUG
#define AE_LOCK_CHECKED 1
#else
#define AE_LOCK_CHECKED 0
#endif

/* Outermost first. A new lock gets a rank of its own here, between those it is taken between. */
enum ae_lock_rank {
	AE_LOCK_INIT, /* start up, once a process */
	AE_LOCK_STEWARD, /* requests to the background thread */
	AE_LOCK_GATE, /* opening and closing the gate; never taken to pass it */
	AE_LOCK_PEERS, /* peer access; held over driver calls */
	AE_LOCK_DEVICE, /* the devices and contexts known */
	AE_LOCK_POOL, /* one device's pool; held over driver calls and claims */
	AE_LOCK_HOST_STORE,
	AE_LOCK_LEDGER, /* this process's side of the ledger's lock */
	AE_LOCK_LEAF, /* whatever takes no other lock while it is held */
};

struct ae_lock {
	pthread_mutex_t mutex;
	enum ae_lock_rank rank; /* immutable after init */
};

/* A static lock: struct ae_lock lock = AE_LOCK_INITIALIZER(AE_LOCK_LEAF). */
#define AE_LOCK_INITIALIZER(rank_)                 \
	{                                          \
		PTHREAD_MUTEX_INITIALIZER, (rank_) \
	}

/*
 * init also makes a lock usable again in the child of a fork, where the thread that held it does
 * not exist. 0 or a negative errno; on Linux it cannot fail for want of memory.
 */
int ae_lock_init(struct ae_lock *lock, enum ae_lock_rank rank);
void ae_lock_destroy(struct ae_lock *lock);

/* acquire: the calling thread holds no lock of this rank or a later one. */
void ae_lock_acquire(struct ae_lock *lock);
void ae_lock_release(struct ae_lock *lock);

/* True when the calling thread holds a lock of this rank. Always true where nothing is checked. */
bool ae_lock_rank_held(enum ae_lock_rank rank);

#endif
