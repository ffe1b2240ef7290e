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

/* "0", "0.0", "0.00", "0.000" refuse. */
static bool is_refused(struct str parameters)
{
	struct str piece;
	while (parameters.ptr && str_split(&parameters, ';', &piece)) {
		piece = str_trim(piece);
		if (!str_starts_nocase(piece, STR("q=")))
			continue;
		piece = str_from_offset(piece, 2);
		for (size_t i = 0; i < piece.len; i++)
			if (piece.ptr[i] != '0' && piece.ptr[i] != '.')
				return false;
		return piece.len > 0;
	}
	return false;
}

enum asset_coding asset_coding_for(struct str accepted, enum asset_coding best)
{
	static const char *const names[ASSET_CODINGS] = {"identity", "gzip", "br"};
	bool named[ASSET_CODINGS] = {false}, good[ASSET_CODINGS] = {true}, any = false;
	struct str piece;
	while (accepted.ptr && str_split(&accepted, ',', &piece)) {
		size_t end = str_find_char(piece, ';');
		bool refused = end != SIZE_MAX && is_refused(str_from_offset(piece, end + 1));
		struct str name = str_trim(str_sub(piece, 0, end));
		for (size_t i = 0; i < ASSET_CODINGS; i++)
			if (str_eq_nocase(name, str_from(names[i])) || (i == ASSET_GZIP && str_eq_nocase(name,
				STR("x-gzip")))) {
				named[i] = true;
				good[i] = !refused;
			}
		any |= str_eq(name, STR("*")) && !refused;
	}
	for (size_t i = best; i > ASSET_PLAIN; i--)
		if (good[i] || (any && !named[i]))
			return (enum asset_coding)i;
	return ASSET_PLAIN;
}
