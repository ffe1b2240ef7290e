// SPDX-License-Identifier: Apache-2.0
#include "model/verdict.h"

struct str verdict_part_word(enum verdict_part part)
{
	switch (part) {
	case PART_MESSAGE:
		return STR("message");
	case PART_SPF:
		return STR("spf");
	case PART_DKIM:
		return STR("dkim");
	case PART_ARC:
		return STR("arc");
	case PART_DMARC:
		return STR("dmarc");
	case PART_BIMI:
		return STR("bimi");
	}
	die("no part %d", (int)part);
}
