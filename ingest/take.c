// SPDX-License-Identifier: Apache-2.0
#include "base/fault.h"
#include "base/log.h"
#include "ingest/pipeline.h"

#define LOOK_UP_MAX 32

static struct taken *in_flight(const struct pipeline *pipeline, const struct sha256 *sum)
{
	struct taken *found = taken_list_find(&pipeline->waiting, sum);
	if (!found)
		found = taken_list_find(&pipeline->running, sum);
	return found ? found : taken_list_find(&pipeline->batch, sum);
}

static enum err look_up(struct pipeline *pipeline, struct taken *const *mails, size_t count,
	struct known_mail *known_r, struct error *error)
{
	struct sha256 sums[LOOK_UP_MAX];
	struct mail_source sources[LOOK_UP_MAX];
	for (size_t i = 0; i < count; i++) {
		sums[i] = mails[i]->sha256;
		sources[i] = mails[i]->source;
	}
	for (;;) {
		enum err err = put_known(pipeline->store, sums, sources, count, known_r, error);
		if (err != ERR_TEMP && err != ERR_UNCERTAIN) {
			away_end(&pipeline->away);
			return err;
		}
		err = pipeline_reconnect(pipeline, error);
		if (err)
			return err;
	}
}

static void sort_out(struct pipeline *pipeline, struct taken *taken, const struct known_mail *known)
{
	if (known->known && known->same_sighting) {
		pipeline_settle(pipeline, taken);
	} else if (known->known || in_flight(pipeline, &taken->sha256)) {
		taken_list_add(&pipeline->copies, taken);
	} else if (taken->changing) {
		pipeline_quarantine(pipeline, taken, REASON_FILE_CHANGING, STR(""));
	} else if (taken->too_large) {
		pipeline_quarantine(pipeline, taken, REASON_FILE_TOO_LARGE, STR(""));
	} else {
		taken_list_add(&pipeline->waiting, taken);
	}
}

static bool has_room(const struct pipeline *pipeline, size_t taken)
{
	size_t in_hand = pipeline->waiting.count + pipeline->running.count + pipeline->batch.count +
		pipeline->copies.count + taken;
	return in_hand < pipeline->names_max &&
		taken < LOOK_UP_MAX && pipeline->copies.count + taken < PIPELINE_BATCH_MAX &&
		pipeline->flight_bytes < pipeline->options->limits->queue_bytes;
}

bool pipeline_can_take(const struct pipeline *pipeline)
{
	return has_room(pipeline, 0);
}

enum err pipeline_take(struct pipeline *pipeline, struct error *error)
{
	struct taken *mails[LOOK_UP_MAX];
	struct known_mail known[LOOK_UP_MAX] = {{0}};
	size_t count = 0;
	enum err err = ERR_OK;
	if (pipeline->at_end || pipeline->blocked || pipeline->waiting.count >= PIPELINE_BATCH_MAX)
		return ERR_OK;
	while (has_room(pipeline, count)) {
		err = source_next(pipeline->source, &mails[count], error);
		if (err || !mails[count])
			break;
		fault_point("ingest.taken");
		pipeline->flight_bytes += mails[count++]->bytes;
	}
	if (err) {
		pipeline_block(pipeline, error);
	} else if (has_room(pipeline, count)) {
		pipeline->at_end = true;
	}
	err = count > 0 ? look_up(pipeline, mails, count, known, error) : ERR_OK;
	fault_point("ingest.known");
	for (size_t i = 0; i < count; i++) {
		if (err)
			pipeline_leave(pipeline, mails[i], error);
		else
			sort_out(pipeline, mails[i], &known[i]);
	}
	return err;
}
