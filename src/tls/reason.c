#include "tls/parts.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"

#define NAMES_MAX 5

/* --- certificates --------------------------------------------------------- */

static void add_name(struct buffer *out, const GENERAL_NAME *name)
{
	int type;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
	char text[INET6_ADDRSTRLEN] = "?";
	int size = ASN1_STRING_length(value);

	if (type == GEN_IPADD && (size == 4 || size == 16)) {
		inet_ntop(size == 4 ? AF_INET : AF_INET6,
			  ASN1_STRING_get0_data(value), text, sizeof(text));
		buffer_append_text(out, text);
	} else {
		buffer_append(out, ASN1_STRING_get0_data(value), (size_t)size);
	}
}

/* "" where it has none. */
static void add_common_name(struct buffer *out, const X509_NAME *name)
{
	char text[256] = "";

	/* For want of a CN all of it. */
	if (X509_NAME_get_text_by_NID(name, NID_commonName, text,
				      sizeof(text)) < 0)
		X509_NAME_oneline(name, text, sizeof(text));
	buffer_append_text(out, text);
}

/* What the certificate is for: names and addresses. */
static void add_names(struct buffer *out, const X509 *cert)
{
	GENERAL_NAMES *names =
		X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	int count = 0;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type != GEN_DNS && name->type != GEN_IPADD)
			continue;
		if (count > 0)
			buffer_append_text(out, ", ");
		if (count++ == NAMES_MAX) {
			buffer_append_text(out, "...");
			break;
		}
		add_name(out, name);
	}
	GENERAL_NAMES_free(names);
	if (count == 0)
		add_common_name(out, X509_get_subject_name(cert));
}

static void add_time(struct buffer *out, const ASN1_TIME *when)
{
	struct tm broken;
	char text[32] = "?";

	if (ASN1_TIME_to_tm(when, &broken) == 1)
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &broken);
	buffer_append_text(out, text);
}

/* Of which certificate the message is, in `out`. */
static void add_whose(struct buffer *out, const X509 *cert, int depth)
{
	if (depth == 0) {
		buffer_append_text(out, "its certificate");
		return;
	}
	buffer_append_text(out, "the certificate of its CA '");
	add_common_name(out, X509_get_subject_name(cert));
	buffer_append_text(out, "'");
}

static void add_issuer(struct buffer *out, const X509 *cert)
{
	buffer_append_text(out, " is signed by '");
	add_common_name(out, X509_get_issuer_name(cert));
	buffer_append_text(out, "', a CA that is not trusted (--tls-ca names "
				"the CAs to trust)");
}

static void add_what(struct buffer *out, const X509 *cert, int number,
		     const char *host)
{
	switch (number) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		buffer_append_text(out, " has expired: it was good until ");
		add_time(out, X509_get0_notAfter(cert));
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		buffer_append_text(out, " is not yet valid: it is good from ");
		add_time(out, X509_get0_notBefore(cert));
		buffer_append_text(out, " on (is the clock right?)");
		break;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		buffer_append_text(out, " is not for '");
		buffer_append_text(out, host);
		buffer_append_text(out, "' but for ");
		add_names(out, cert);
		break;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		add_issuer(out, cert);
		break;
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		buffer_append_text(out, " is not trusted (--tls-ca names the "
					"CAs to trust)");
		break;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		buffer_append_text(out, " is self-signed and not trusted "
					"(--tls-ca can name it)");
		break;
	case X509_V_ERR_CERT_REVOKED:
		buffer_append_text(out, " is revoked by the list of --tls-crl");
		break;
	case X509_V_ERR_UNABLE_TO_GET_CRL:
		buffer_append_text(out, " cannot be looked up: --tls-crl has "
					"no list of its CA '");
		add_common_name(out, X509_get_issuer_name(cert));
		buffer_append_text(out, "'");
		break;
	case X509_V_ERR_CRL_NOT_YET_VALID:
		buffer_append_text(out, " cannot be looked up: the list of "
					"--tls-crl is not yet valid (is the "
					"clock right?)");
		break;
	case X509_V_ERR_CRL_HAS_EXPIRED:
		buffer_append_text(out, " cannot be looked up: the list of "
					"--tls-crl has expired, get a new one");
		break;
	default:
		buffer_append_text(out, " is not accepted: ");
		buffer_append_text(out, X509_verify_cert_error_string(number));
	}
}

void tls_tell_refused(X509_STORE_CTX *store, const char *host,
		      struct error *why)
{
	const X509 *cert = X509_STORE_CTX_get_current_cert(store);
	int number = X509_STORE_CTX_get_error(store);
	struct buffer text = {0};

	if (cert) {
		add_whose(&text, cert, X509_STORE_CTX_get_error_depth(store));
		add_what(&text, cert, number, host);
	}
	if (cert && !text.failed)
		error_set(why, "%.*s", (int)text.size, text.data);
	else
		error_set(why, "its certificate is not accepted: %s",
			  X509_verify_cert_error_string(number));
	buffer_release(&text);
}

/* --- other failures ------------------------------------------------------- */

/* The oldest is nearest to the cause; but what libssl makes of it is said in
 * terms of TLS. */
unsigned long tls_take_cause(void)
{
	unsigned long cause = ERR_get_error();
	unsigned long code = cause;

	while (code != 0 && ERR_GET_LIB(code) != ERR_LIB_SSL)
		code = ERR_get_error();
	ERR_clear_error();
	return code != 0 ? code : cause;
}

static const char *text_of(unsigned long code)
{
	const char *text = code ? ERR_reason_error_string(code) : NULL;

	if (code && ERR_SYSTEM_ERROR(code))
		text = strerror(ERR_GET_REASON(code));
	return text ? text : "unknown reason";
}

/* The server's word on what we showed it; NULL: it is about something else. */
static const char *alert_on_own(int reason)
{
	switch (reason) {
	case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED: return "it has expired";
	case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED: return "it is revoked";
	case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
		return "it is of a kind that the server does not know";
	case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
		return "the server does not trust its CA";
	case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
		return "it is good, but has no right to this";
	case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
	case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
	case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
	case SSL_R_TLSV1_ALERT_DECRYPT_ERROR: return "it is not good";
	default: return NULL;
	}
}

/* Other reasons that need more than OpenSSL's word; NULL: it will do. */
static const char *explanation(int reason, bool shaking)
{
	switch (reason) {
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
		return "it knows no TLS 1.2 or newer";
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_HTTP_REQUEST:
		return shaking ? "what it says is no TLS (is it a tcp:// "
				 "source?)"
			       : NULL;
	default: return NULL;
	}
}

void tls_tell_failed(unsigned long cause, const struct tls_shown *shown,
		     bool shaking, struct error *why)
{
	int library = ERR_GET_LIB(cause);
	int reason = library == ERR_LIB_SSL ? ERR_GET_REASON(cause) : 0;
	const char *on_own = alert_on_own(reason);
	const char *text = explanation(reason, shaking);

	if (on_own && shown->wanted && !shown->given)
		error_set(why, "it wants a client certificate (--tls-cert)");
	else if (on_own && shown->wanted)
		error_set(why,
			  "it does not accept the certificate of --tls-cert: "
			  "%s (%s)",
			  on_own, text_of(cause));
	else if (text)
		error_set(why, "%s", text);
	else
		error_set(why, "TLS: %s", text_of(cause));
}

int tls_tell_file(const char *option, const char *path, const char *content,
		  struct error *error)
{
	unsigned long code = ERR_get_error(); /* the oldest */
	int library = ERR_GET_LIB(code);
	int reason = ERR_GET_REASON(code);

	ERR_clear_error();
	if (library == ERR_LIB_X509 && reason == X509_R_KEY_VALUES_MISMATCH)
		return error_set(error,
				 "--%s '%s': it is not the key of the "
				 "certificate (--tls-cert)",
				 option, path);
	if (library == ERR_LIB_PEM && reason != PEM_R_NO_START_LINE)
		return error_set(error,
				 "--%s '%s': the %s in it is damaged: %s",
				 option, path, content, text_of(code));
	/* What it is not says less than what it should be. */
	if (library == ERR_LIB_PEM || library == ERR_LIB_OSSL_DECODER ||
	    (library == ERR_LIB_X509 &&
	     reason == X509_R_NO_CERTIFICATE_OR_CRL_FOUND))
		return error_set(error,
				 "--%s '%s': there is no %s in it that can be "
				 "read (PEM)",
				 option, path, content);
	return error_set(error, "--%s '%s': %s", option, path, text_of(code));
}
