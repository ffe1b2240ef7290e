// SPDX-License-Identifier: Apache-2.0
/*
 * Half of what a small mail costs is what libraries do once a process: tables, symbols, first allocations.
 * The template does it here, and each of its children finds it done.
 */
#include "base/error.h"
#include "parser/parse.h"

#include <sys/mman.h>
#include <unistd.h>

/* One report of one record, as gzip and as zip. */
static const char sample[] =
	"From: dmarc@receiver.example\r\n"
	"To: rua@example.org\r\n"
	"Subject: Report Domain: example.org Submitter: receiver.example Report-ID: <warm-up>\r\n"
	"Date: Thu, 1 Jan 2026 01:00:00 +0000\r\n"
	"Message-ID: <warm-up@receiver.example>\r\n"
	"MIME-Version: 1.0\r\n"
	"Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n"
	"--b\r\n"
	"Content-Type: text/plain; charset=UTF-8\r\n"
	"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	"An aggregate report.\r\n"
	"--b\r\n"
	"Content-Type: application/gzip; name=\"r.xml.gz\"\r\n"
	"Content-Disposition: attachment; filename=\"r.xml.gz\"\r\n"
	"Content-Transfer-Encoding: base64\r\n\r\n"
	"H4sIAAAAAAACA31Ty1LDMAy88xWdHrgRN2V4dBCGE18A54xqK62n8WNsh8ffIydpaSnDJZbX1mpX\r\n"
	"iuHp03azd4rJePc4r6vFfEZOeW3c5nH+9vpydT9/khfQEuk1qp2ESMHH3FjKqDGjBB83jUNLMpIi\r\n"
	"w1QVfaINHYE4HAFZNJ3UFqN6Pr83nu6pjZYfGO1VH0D8QMDVqInoNky3po1xsr67vVsub24XCxAj\r\n"
	"AuT0AF/X9Wq1YmbegzhOFWcGgu+M+mpCv+5M2lIp5VmQk5O+im0wx4gB6p2xMoIYA8AU2mFbVgjS\r\n"
	"eceOgoS0jzmAoLKsi84S8PesJDfFx7L6D071fVTUmCDr1bJaVMuqZpoDCMr3jvlAjMHeAb1j17PV\r\n"
	"4sCk4JPJPNVJxTECg/SAKTE+uCjiWx5CUdsWNZjKvfwVSPq8JTY4xFzaWuKaOLvk5jzM1kXECJXW\r\n"
	"jmniXJAYjBnNF01r+H+TsCXUFJs2enva6uMDECc52OdtEyn1XU6TjX+nlagjlX2U7PQQw0gwNWDa\r\n"
	"HHfiN6Wj/EP5d/KQJk7lif1QxeH5XHwDiFPOSHEDAAA=\r\n"
	"--b\r\n"
	"Content-Type: application/zip; name=\"r.zip\"\r\n"
	"Content-Disposition: attachment; filename=\"r.zip\"\r\n"
	"Content-Transfer-Encoding: base64\r\n\r\n"
	"UEsDBBQAAAAIAAAAIQCIU85InQEAAHEDAAAFAAAAci54bWx9U8tSwzAMvPMVnR64ETdleHQQhhNf\r\n"
	"AOeMaiutp/FjbIfH3yMnaWkpwyWW19ZqV4rh6dN2s3eKyXj3OK+rxXxGTnlt3OZx/vb6cnU/f5IX\r\n"
	"0BLpNaqdhEjBx9xYyqgxowQfN41DSzKSIsNUFX2iDR2BOBwBWTSd1Bajej6/N57uqY2WHxjtVR9A\r\n"
	"/EDA1aiJ6DZMt6aNcbK+u71bLm9uFwsQIwLk9ABf1/VqtWJm3oM4ThVnBoLvjPpqQr/uTNpSKeVZ\r\n"
	"kJOTvoptMMeIAeqdsTKCGAPAFNphW1YI0nnHjoKEtI85gKCyrIvOEvD3rCQ3xcey+g9O9X1U1Jgg\r\n"
	"69WyWlTLqmaaAwjK9475QIzB3gG9Y9ez1eLApOCTyTzVScUxAoP0gCkxPrgo4lseQlHbFjWYyr38\r\n"
	"FUj6vCU2OMRc2lrimji75OY8zNZFxAiV1o5p4lyQGIwZzRdNa/h/k7Al1BSbNnp72urjAxAnOdjn\r\n"
	"bRMp9V1Ok41/p5WoI5V9lOz0EMNIMDVg2hx34jelo/xD+XfykCZO5Yn9UMXh+Vx8A1BLAQIUAxQA\r\n"
	"AAAIAAAAIQCIU85InQEAAHEDAAAFAAAAAAAAAAAAAACAAQAAAAByLnhtbFBLBQYAAAAAAQABADMA\r\n"
	"AADAAQAAAAA=\r\n"
	"--b--\r\n";

static void forget(void *context, const void *bytes, size_t len)
{
	(void)context, (void)bytes, (void)len;
}

void parse_warm_up(const struct limits *limits)
{
	struct wire_writer writer;
	const struct parse_input input = {
		.fd = memfd_create("sample", MFD_CLOEXEC),
		.bytes = sizeof(sample) - 1,
		.now_epoch_secs = 1767312000,
		.limits = limits,
	};
	if (input.fd >= 0 && write(input.fd, sample, sizeof(sample) - 1) == sizeof(sample) - 1) {
		wire_writer_init(&writer, forget, NULL);
		parse_mail(&input, &writer);
		wire_writer_fini(&writer);
	}
	if (input.fd >= 0)
		(void)close(input.fd);
}
