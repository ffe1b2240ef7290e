// SPDX-License-Identifier: Apache-2.0
#include "daemon/config/config.h"

/* doc/dmarcd.yaml.example, put here by config_example.S. */
extern const char dmarcd_config_example[];
extern const char dmarcd_config_example_end[];

struct str config_example(void)
{
	return (struct str){dmarcd_config_example,
		(size_t)(dmarcd_config_example_end - dmarcd_config_example)};
}
