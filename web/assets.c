// SPDX-License-Identifier: Apache-2.0
#include "web/assets.h"

#include "base/error.h"
#include "web/assets_list.h" /* made by CMakeLists.txt */

#include <string.h>

#define COUNT (sizeof(assets) / sizeof(assets[0]))

const char *asset_path(const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(assets[i].name, name) == 0)
			return assets[i].path;
	die("no asset %s", name);
}

const struct asset *asset_find(struct str path)
{
	for (size_t i = 0; i < COUNT; i++)
		if (str_eq(path, str_from(assets[i].path)))
			return &assets[i];
	return NULL;
}

struct str asset_bytes(const struct asset *asset, enum asset_coding coding)
{
	return (struct str){asset->bytes[coding], (size_t)(asset->ends[coding] - asset->bytes[coding])};
}
