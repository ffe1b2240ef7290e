// SPDX-License-Identifier: Apache-2.0
#include "web/connections.h"

#include <pthread.h>
#include <stdlib.h>

struct connections {
	struct store_options options;
	pthread_mutex_t mutex;
	pthread_cond_t freed;
	struct store *stores[CONNECTIONS_MAX];
	bool taken[CONNECTIONS_MAX];
};

struct connections *connections_open(const struct store_options *options)
{
	struct connections *connections = calloc(1, sizeof(*connections));
	if (!connections)
		die_out_of_memory();
	connections->options = *options;
	if (pthread_mutex_init(&connections->mutex, NULL) != 0 || pthread_cond_init(&connections->freed, NULL) != 0)
		die_out_of_memory();
	return connections;
}

void connections_close(struct connections **connections)
{
	if (!*connections)
		return;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		store_close(&(*connections)->stores[i]);
	(void)pthread_cond_destroy(&(*connections)->freed);
	(void)pthread_mutex_destroy(&(*connections)->mutex);
	free(*connections);
	*connections = NULL;
}

static size_t free_slot(const struct connections *connections)
{
	size_t found = CONNECTIONS_MAX;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (!connections->taken[i] && (found == CONNECTIONS_MAX || connections->stores[i]))
			found = i;
	return found;
}

static void release(struct connections *connections, size_t slot)
{
	(void)pthread_mutex_lock(&connections->mutex);
	connections->taken[slot] = false;
	(void)pthread_cond_signal(&connections->freed);
	(void)pthread_mutex_unlock(&connections->mutex);
}

enum err connections_take(struct connections *connections, struct store **store_r, struct error *error)
{
	size_t slot;
	enum err err = ERR_OK;
	(void)pthread_mutex_lock(&connections->mutex);
	while ((slot = free_slot(connections)) == CONNECTIONS_MAX)
		(void)pthread_cond_wait(&connections->freed, &connections->mutex);
	connections->taken[slot] = true;
	(void)pthread_mutex_unlock(&connections->mutex);
	if (!connections->stores[slot])
		err = store_open(&connections->options, &connections->stores[slot], error);
	else if (!store_still_alive(connections->stores[slot]))
		err = store_reconnect(connections->stores[slot], error);
	if (err)
		release(connections, slot);
	else
		*store_r = connections->stores[slot];
	return err;
}

void connections_give(struct connections *connections, struct store *store)
{
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (connections->stores[i] == store)
			release(connections, i);
}
