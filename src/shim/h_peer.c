/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Layer: shim. The peer family: what peer access opens, pool memory included. */
#include <errno.h>
#include <stdlib.h>

#include "base/lock.h"
#include "base/log.h"
#include "shim/device.h"
#include "shim/green.h"
#include "shim/hooks.h"
#include "shim/peers.h"

/* One context may use the memory of another. */
struct link {
	CUcontext user, owner;
	int user_device, owner_device;
	uint64_t serial; /* of the moment when it was enabled */
	struct link *next;
};

struct ae_peers {
	struct ae_lock lock; /* guards all */
	struct link *list;
};

struct ae_peers *ae_peers_create(void)
{
	struct ae_peers *peers = calloc(1, sizeof(*peers));

	if (peers != NULL)
		ae_lock_init(&peers->lock, AE_LOCK_PEERS);
	return peers;
}

void ae_peers_destroy(struct ae_peers *peers)
{
	free(peers);
}

/* The devices that may use the memory of one, a bit each. */
static uint64_t users_of(const struct ae_peers *peers, int device)
{
	uint64_t users = 0;

	for (const struct link *link = peers->list; link != NULL; link = link->next) {
		if (link->owner_device == device)
			users |= UINT64_C(1) << link->user_device;
	}
	return users;
}

/* Has the memory of a device opened to those who may use it now; before: who could until now. */
static int update(struct ae_process *process, int device, uint64_t before)
{
	uint64_t users = users_of(process->peers, device);

	/* Setting access costs driver calls for each chunk. */
	return users == before ? 0 : ae_device_set_users(process, device, users);
}

/* Takes the link out of the list, and the access with it where it was the last one. */
static void unlink_at(struct ae_process *process, struct link **at)
{
	struct link *link = *at;
	uint64_t before = users_of(process->peers, link->owner_device);
	int error;

	*at = link->next;
	error = update(process, link->owner_device, before);
	if (error != 0)
		ae_warn("device %d: its memory stays open to device %d: CUDA error %d",
			link->owner_device, link->user_device, ae_device_cuda_last_error());
	free(link);
}

static struct link **find(struct ae_peers *peers, CUcontext user, CUcontext owner)
{
	struct link **at = &peers->list;

	while (*at != NULL && ((*at)->user != user || (*at)->owner != owner))
		at = &(*at)->next;
	return at;
}

static CUresult device_of(CUcontext context, CUdevice *device_out)
{
	const struct ae_driver *driver = ae_driver();
	CUresult result = driver->cuCtxPushCurrent_v2(context);

	if (result != CUDA_SUCCESS)
		return result;
	result = driver->cuCtxGetDevice(device_out);
	driver->cuCtxPopCurrent_v2(&context);
	return result;
}

/* The driver has let the current context use the memory of owner: so does the pool. */
static CUresult opened(struct ae_process *process, CUcontext owner)
{
	struct ae_peers *peers = process->peers;
	struct link *link = calloc(1, sizeof(*link));
	CUresult result;
	uint64_t before;

	if (link == NULL)
		return CUDA_ERROR_OUT_OF_MEMORY;
	link->owner = ae_green_base(process, owner);
	result = ae_driver()->cuCtxGetCurrent(&link->user);
	if (result == CUDA_SUCCESS)
		result = ae_driver()->cuCtxGetDevice(&link->user_device);
	link->user = ae_green_base(process, link->user);
	if (result == CUDA_SUCCESS)
		result = device_of(owner, &link->owner_device);
	if (result != CUDA_SUCCESS || link->user_device < 0 || link->owner_device < 0 ||
	    link->user_device >= AE_DEVICES_MOST || link->owner_device >= AE_DEVICES_MOST) {
		/* Devices beyond those that are served have no pool. */
		free(link);
		return result;
	}
	before = users_of(peers, link->owner_device);
	link->serial = ae_pool_serial_take();
	link->next = peers->list;
	peers->list = link;
	if (update(process, link->owner_device, before) == 0)
		return CUDA_SUCCESS;
	result = ae_device_cuda_last_error();
	unlink_at(process, &peers->list);
	return result;
}

static CUresult enable(struct ae_process *process, CUcontext owner, unsigned int flags)
{
	CUresult result = ae_driver()->cuCtxEnablePeerAccess(owner, flags);

	if (result == CUDA_ERROR_OUT_OF_MEMORY && ae_devices_make_room(process))
		result = ae_driver()->cuCtxEnablePeerAccess(owner, flags);
	if (result != CUDA_SUCCESS)
		return result;
	result = opened(process, owner);
	/* Access to a part of the memory would be found out by a kernel that fails. */
	if (result != CUDA_SUCCESS)
		ae_driver()->cuCtxDisablePeerAccess(owner);
	return result;
}

CUresult ae_h_cuCtxEnablePeerAccess(CUcontext peerContext, unsigned int Flags)
{
	struct ae_process *process = ae_process_serving();
	CUresult result;

	ae_lock_acquire(&process->peers->lock);
	result = enable(process, peerContext, Flags);
	ae_lock_release(&process->peers->lock);
	return result;
}

CUresult ae_h_cuCtxDisablePeerAccess(CUcontext peerContext)
{
	struct ae_process *process = ae_process_serving();
	struct ae_peers *peers = process->peers;
	CUcontext user = NULL;
	struct link **at;
	CUresult result;

	ae_lock_acquire(&peers->lock);
	result = ae_driver()->cuCtxDisablePeerAccess(peerContext);
	if (result == CUDA_SUCCESS && ae_driver()->cuCtxGetCurrent(&user) == CUDA_SUCCESS) {
		at = find(peers, ae_green_base(process, user), ae_green_base(process, peerContext));
		if (*at != NULL)
			unlink_at(process, at);
	}
	ae_lock_release(&peers->lock);
	return result;
}

void ae_peers_context_ended(struct ae_process *process, CUcontext context, uint64_t serial)
{
	struct ae_peers *peers = process->peers;
	struct link **at = &peers->list;

	ae_lock_acquire(&peers->lock);
	while (*at != NULL) {
		struct link *link = *at;

		if ((link->user == context || link->owner == context) && link->serial <= serial)
			unlink_at(process, at);
		else
			at = &link->next;
	}
	ae_lock_release(&peers->lock);
}
