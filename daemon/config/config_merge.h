// SPDX-License-Identifier: Apache-2.0
/*
 * From text to values, and several files into one: lists append, a scalar of
 * a later file wins. Only values that config_check() has passed come here.
 */
#pragma once

#include "daemon/config/config.h"

struct raw_config;

void config_merge_defaults(struct config *config);
void config_merge(struct config *config, const struct raw_config *raw);
