// SPDX-License-Identifier: Apache-2.0
#include "verifier/bimi/svg_names.h"

/* Each list is words with a blank around every one. */
static bool listed(const char *list, struct str word)
{
	struct str rest = str_from(list), piece;
	while (str_split(&rest, ' ', &piece))
		if (piece.len > 0 && str_eq(piece, word))
			return true;
	return false;
}

#define CORE "id class role rel rev typeof content datatype resource about property "
#define CONDITIONS "requiredFeatures requiredExtensions requiredFormats requiredFonts systemLanguage "
#define PROPERTIES \
	"fill fill-opacity fill-rule stroke stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin " \
	"stroke-miterlimit stroke-opacity stroke-width vector-effect color color-rendering direction display " \
	"display-align font-family font-size font-style font-variant font-weight line-increment shape-rendering " \
	"image-rendering text-rendering buffered-rendering solid-color solid-opacity stop-color stop-opacity " \
	"text-align text-anchor unicode-bidi viewport-fill viewport-fill-opacity visibility "
#define SHAPE CORE CONDITIONS PROPERTIES "transform "
#define PAINT CORE PROPERTIES

static const struct {
	const char *element, *attributes;
} ELEMENTS[] = {
	{"circle", SHAPE "cx cy r"},
	{"defs", SHAPE},
	{"desc", CORE CONDITIONS},
	{"ellipse", SHAPE "cx cy rx ry"},
	{"font", CORE "horiz-adv-x horiz-origin-x"},
	{"g", SHAPE},
	{"glyph", CORE "unicode glyph-name d horiz-adv-x arabic-form lang"},
	{"hkern", CORE "u1 u2 g1 g2 k"},
	{"line", SHAPE "x1 y1 x2 y2"},
	{"linearGradient", PAINT "x1 y1 x2 y2 gradientUnits"},
	{"metadata", CORE CONDITIONS},
	{"path", SHAPE "d pathLength"},
	{"polygon", SHAPE "points"},
	{"polyline", SHAPE "points"},
	{"radialGradient", PAINT "cx cy r gradientUnits"},
	{"rect", SHAPE "x y width height rx ry"},
	{"solidColor", PAINT},
	{"stop", PAINT "offset"},
	{"svg", PAINT "version baseProfile viewBox width height preserveAspectRatio zoomAndPan playbackOrder "
		"timelineBegin snapshotTime"},
	{"text", SHAPE "x y rotate"},
	{"textArea", SHAPE "x y width height"},
	{"title", CORE CONDITIONS},
	{"use", SHAPE "x y"},
};

#define ELEMENTS_COUNT (sizeof(ELEMENTS) / sizeof(ELEMENTS[0]))

static size_t element_at(struct str name)
{
	for (size_t i = 0; i < ELEMENTS_COUNT; i++)
		if (str_eq(str_from(ELEMENTS[i].element), name))
			return i;
	return SIZE_MAX;
}

bool svg_element_allowed(struct str name)
{
	return element_at(name) != SIZE_MAX;
}

bool svg_attribute_allowed(struct str element, struct str name)
{
	size_t at = element_at(element);
	return at != SIZE_MAX && listed(ELEMENTS[at].attributes, name);
}

const char *svg_element_rule(struct str name)
{
	static const struct {
		const char *rule, *elements;
	} RULES[] = {
		{"svg.script", "script handler listener"},
		{"svg.animation", "animate animateMotion animateTransform animateColor set mpath discard"},
		{"svg.image", "image feImage video audio animation prefetch"},
		{"svg.foreign", "foreignObject iframe embed object"},
		{"svg.link", "a"},
		{"svg.style", "style"},
	};
	for (size_t i = 0; i < sizeof(RULES) / sizeof(RULES[0]); i++)
		if (listed(RULES[i].elements, name))
			return RULES[i].rule;
	return "svg.element";
}

const char *svg_attribute_rule(struct str name)
{
	if (str_starts_nocase(name, STR("on")))
		return "svg.event";
	if (str_eq(name, STR("style")))
		return "svg.style";
	if (listed("href src srcset action formaction", name))
		return "svg.reference";
	return "svg.attribute";
}
