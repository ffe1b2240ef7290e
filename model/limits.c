// SPDX-License-Identifier: Apache-2.0
#include "model/limits.h"

#include <stddef.h>

static const struct limit_info table[] = {
#define LIMIT_FROM(name, unit, least, normal, ceiling, what) \
	{#name, unit, least, normal, ceiling, what, offsetof(struct limits, name)},
#define LIMIT(name, unit, normal, ceiling, what) LIMIT_FROM(name, unit, 1, normal, ceiling, what)
#include "model/limits_list.h"
#undef LIMIT
};

struct limits limits_default(void)
{
	struct limits limits = {0};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		*limits_field(&limits, &table[i]) = table[i].normal;
	return limits;
}

uint64_t limits_file_bytes(const struct limits *limits)
{
	return limits->mail_bytes > limits->report_bytes ? limits->mail_bytes : limits->report_bytes;
}

const struct limit_info *limits_table(size_t *count_r)
{
	*count_r = sizeof(table) / sizeof(table[0]);
	return table;
}

uint64_t *limits_field(struct limits *limits, const struct limit_info *info)
{
	return (uint64_t *)((char *)limits + info->offset);
}
