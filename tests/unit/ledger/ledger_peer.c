/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "ledger_peer.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ledger_fixture.h"

#define SECOND_NS INT64_C(1000000000)
#define LONG_NS   (30 * SECOND_NS)
#define AGAIN_NS  (SECOND_NS / 20)

struct message {
	int64_t order, value;
};

struct peer_device *peer_device;
static uint64_t cached, order;
static int number; /* in a peer, its own; in the test the last one's */

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void show(struct ae_ledger *ledger)
{
	const struct ae_ledger_figures figures = { .order = ++order, .cached = cached };

	ae_ledger_report_now(ledger, &figures);
}

static int claim(struct ae_ledger *ledger, uint64_t bytes)
{
	int ret = ae_ledger_claim(ledger, bytes);

	if (ret != 0)
		return ret;
	/* Dead in between, more is taken off than was added: never less. */
	peer_device->used_by[number] += (int64_t)bytes;
	if ((peer_device->used += (int64_t)bytes) > (int64_t)TOTAL && peer_device->dying == 0)
		peer_device->refused++;
	return 0;
}

static void unclaim(struct ae_ledger *ledger, uint64_t bytes)
{
	peer_device->used -= (int64_t)bytes;
	peer_device->used_by[number] -= (int64_t)bytes;
	ae_ledger_unclaim(ledger, bytes);
}

static void measure(struct ae_ledger *ledger)
{
	uint64_t claims = ae_ledger_measure_begin(ledger);
	int64_t used = peer_device->used;

	/* Those who died in between may have made it less than nothing. */
	ae_ledger_measure(ledger, claims, used > 0 ? (uint64_t)used : 0);
}

static int stand_in_line(struct ae_ledger *ledger, uint64_t bytes, int64_t shown_ns,
			 int64_t again_ns)
{
	int64_t end = now_ns() + LONG_NS;
	struct ae_ledger_wait wait;
	int ret;

	ae_ledger_wait_begin(ledger, &wait, bytes, now_ns() + shown_ns);
	for (;;) {
		uint32_t event = ae_ledger_event(ledger);

		measure(ledger);
		ret = claim(ledger, bytes);
		if ((ret != -EAGAIN && ret != -EBUSY) || now_ns() > end)
			break;
		ae_ledger_wait(ledger, event, again_ns);
	}
	ae_ledger_wait_end(ledger, &wait);
	return ret;
}

/* One sleep: a bell that rang before it is taken for one that rings now. */
static int hear(struct ae_ledger *ledger)
{
	static uint32_t heard;
	int64_t end = now_ns() + LONG_NS;

	while (ae_ledger_bell(ledger) == heard && now_ns() < end)
		ae_ledger_bell_wait(ledger, heard, LONG_NS);
	if (ae_ledger_bell(ledger) == heard)
		return -ETIMEDOUT;
	heard = ae_ledger_bell(ledger);
	return 0;
}

static void *be_steward(void *arg)
{
	struct ae_ledger *ledger = arg;
	struct ae_ledger_mailbag mail;

	for (;;) {
		uint32_t bell = ae_ledger_bell(ledger);

		(void)ae_ledger_take_mail(ledger, &mail);
		show(ledger);
		ae_ledger_bell_wait(ledger, bell, SECOND_NS / 20);
	}
	return NULL;
}

static int churn(struct ae_ledger *ledger, int64_t ms)
{
	int64_t end = now_ns() + ms * (SECOND_NS / 1000);
	unsigned int seed = (unsigned int)getpid();

	while (now_ns() < end) {
		uint64_t bytes = TOTAL / 64 * (1 + (uint64_t)rand_r(&seed) % 48);
		int ret = stand_in_line(ledger, bytes, LONG_NS, AGAIN_NS);

		/* Out of memory is one bit away: what is outside may have any value. */
		if (ret == -EAGAIN)
			return ret;
		if (ret == 0)
			unclaim(ledger, bytes);
	}
	return 0;
}

static int64_t obey(struct ae_ledger *ledger, const struct message *message)
{
	struct ae_ledger_mailbag mail;
	pthread_t steward;
	int ret = 0;

	switch ((enum peer_order)message->order) {
	case PEER_CLAIM:
		return claim(ledger, (uint64_t)message->value);
	case PEER_ASK:
		ret = claim(ledger, (uint64_t)message->value);
		if (ret == 0)
			return 0;
		measure(ledger);
		return claim(ledger, (uint64_t)message->value);
	case PEER_UNCLAIM:
		unclaim(ledger, (uint64_t)message->value);
		return 0;
	case PEER_CACHE:
		cached = (uint64_t)message->value;
		show(ledger);
		return 0;
	case PEER_WAIT:
		return stand_in_line(ledger, (uint64_t)message->value, LONG_NS, AGAIN_NS);
	case PEER_SLEEP:
		return stand_in_line(ledger, (uint64_t)message->value, LONG_NS, LONG_NS);
	case PEER_WAIT_SHORT:
		return stand_in_line(ledger, (uint64_t)message->value, 2 * SECOND_NS, AGAIN_NS);
	case PEER_TARGET:
		ret = ae_ledger_take_mail(ledger, &mail);
		return ret != 0 ? ret : (int64_t)mail.target;
	case PEER_OTHERS_WAIT:
		ret = ae_ledger_take_mail(ledger, &mail);
		return ret != 0 ? ret : mail.others_wait;
	case PEER_LIMIT:
		ret = ae_ledger_take_mail(ledger, &mail);
		return ret != 0 ? ret : (int64_t)mail.limit;
	case PEER_RING:
		return hear(ledger);
	case PEER_MEND:
		show(ledger);
		return ae_ledger_take_mail(ledger, &mail);
	case PEER_STEWARD:
		return -pthread_create(&steward, NULL, be_steward, ledger);
	case PEER_CHURN:
		return churn(ledger, message->value);
	}
	return -EINVAL;
}

static _Noreturn void live(int fd, const struct ae_ledger_terms *terms)
{
	char model[32];
	const struct ae_ledger_terms usual = { .model = model, .limit = TOTAL, .capacity = TOTAL };
	struct ae_ledger *ledger = fixture_open();
	struct message message;
	int64_t answer;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(model, sizeof(model), "peer-%d", (int)getpid());
	answer = ae_ledger_join(ledger, terms ? terms : &usual, fixture_why, sizeof(fixture_why));
	while (write(fd, &answer, sizeof(answer)) == sizeof(answer) &&
	       read(fd, &message, sizeof(message)) == sizeof(message))
		answer = obey(ledger, &message);
	_exit(0);
}

struct peer peer_start(const struct ae_ledger_terms *terms)
{
	struct peer peer;
	int fds[2];

	if (!peer_device)
		peer_device = mmap(NULL, sizeof(*peer_device), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(peer_device, MAP_FAILED);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	ck_assert_int_lt(++number, PEERS_MOST);
	peer.number = number;
	peer.pid = fork();
	ck_assert_int_ge(peer.pid, 0);
	if (peer.pid == 0) {
		close(fds[0]);
		live(fds[1], terms);
	}
	close(fds[1]);
	peer.fd = fds[0];
	ck_assert_int_eq(peer_answer(&peer), 0);
	return peer;
}

void peer_tell(struct peer *peer, enum peer_order what, uint64_t value)
{
	const struct message message = { what, (int64_t)value };

	ck_assert_int_eq(write(peer->fd, &message, sizeof(message)), sizeof(message));
}

static bool is_readable(struct peer *peer, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = peer->fd, .events = POLLIN };

	return poll(&poll_fd, 1, timeout_ms) == 1;
}

int peer_is_done(struct peer *peer)
{
	return is_readable(peer, 0);
}

int64_t peer_answer(struct peer *peer)
{
	int64_t answer;

	ck_assert_msg(is_readable(peer, 40000), "process %d does not answer", peer->pid);
	ck_assert_int_eq(read(peer->fd, &answer, sizeof(answer)), sizeof(answer));
	return answer;
}

int64_t peer_do(struct peer *peer, enum peer_order what, uint64_t value)
{
	peer_tell(peer, what, value);
	return peer_answer(peer);
}

void peer_kill(struct peer *peer)
{
	close(peer->fd);
	peer_device->dying++;
	fixture_kill(peer->pid);
	peer_device->used -= peer_device->used_by[peer->number];
	peer_device->dying--;
}

static const struct ae_ledger_member *find(const struct peer *peer)
{
	const struct ae_ledger_view *view = fixture_read();

	for (size_t i = 0; i < view->count; i++) {
		if (view->members[i].pid == peer->pid)
			return &view->members[i];
	}
	return NULL;
}

struct ae_ledger_member peer_member(const struct peer *peer)
{
	const struct ae_ledger_member *member = find(peer);

	ck_assert_ptr_nonnull(member);
	return *member;
}

void peer_wait_seen(struct peer *peer)
{
	for (int i = 0; i < 6000; i++) {
		const struct ae_ledger_member *member = find(peer);

		if (member && member->wait_bytes != 0)
			return;
		usleep(5000);
	}
	ck_abort_msg("process %d does not wait", peer->pid);
}
