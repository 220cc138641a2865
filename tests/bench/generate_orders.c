/* Corpora of the generator: orders with more to them than `orders` has. */
#include "generate.h"

#include <inttypes.h>

static const char countries[8][3] = {"AT", "CH", "DE", "ES",
				     "FR", "GB", "IT", "PL"};
static const char currencies[4][4] = {"CHF", "EUR", "GBP", "PLN"};
static const char channels[4][8] = {"web", "app", "phone", "counter"};

static void put_hex(struct pen *pen, struct draft *draft)
{
	uint64_t high = draw(&draft->random), low = draw(&draft->random);

	put(pen, "\"%016" PRIx64 "%016" PRIx64 "\"", high, low);
}

static void put_time(struct pen *pen, struct draft *draft)
{
	unsigned long time_ms = draw_time(draft);

	put(pen, "\"2025-11-22T%02lu:%02lu:%02lu.%03luZ\"", time_ms / 3600000,
	    time_ms / 60000 % 60, time_ms / 1000 % 60, time_ms % 1000);
}

static void put_amount(struct pen *pen, struct draft *draft, unsigned most)
{
	unsigned whole = draw_below(draft, most);

	put(pen, "%u.%02u", whole, draw_below(draft, 100));
}

static void put_customer(struct pen *pen, struct draft *draft)
{
	unsigned id = draw_below(draft, 1000000);

	put(pen, "{\"id\":%u,\"country\":\"%s\"}", id,
	    countries[draw_below(draft, 8)]);
}

static void put_flag(struct pen *pen, struct draft *draft)
{
	put(pen, "%s", draw_below(draft, 4) == 0 ? "true" : "false");
}

/* --- optional ------------------------------------------------------------- */

enum field {
	ORDER_ID,
	CREATED_AT,
	CUSTOMER,
	ITEMS,
	AMOUNT,
	CURRENCY,
	EXPRESS,
	CHANNEL,
	COUPON,
	STATUS,
	FIELDS
};

static const unsigned char sequences[2][FIELDS] = {
	{ORDER_ID, CREATED_AT, CUSTOMER, ITEMS, AMOUNT, CURRENCY, EXPRESS,
	 CHANNEL, COUPON, STATUS},
	{CHANNEL, CUSTOMER, CURRENCY, AMOUNT, COUPON, STATUS, ITEMS, ORDER_ID,
	 EXPRESS, CREATED_AT},
};

static void put_field(struct pen *pen, struct draft *draft, unsigned field)
{
	static const char *const names[FIELDS] = {
		"order_id", "created_at", "customer", "items",	"amount",
		"currency", "express",	  "channel",  "coupon", "status"};

	put(pen, "\"%s\":", names[field]);
	switch ((enum field)field) {
	case ORDER_ID: put_hex(pen, draft); break;
	case CREATED_AT: put_time(pen, draft); break;
	case CUSTOMER: put_customer(pen, draft); break;
	case ITEMS: put(pen, "%u", 1 + draw_below(draft, 9)); break;
	case AMOUNT: put_amount(pen, draft, 4096); break;
	case CURRENCY:
		put(pen, "\"%s\"", currencies[draw_below(draft, 4)]);
		break;
	case EXPRESS: put_flag(pen, draft); break;
	case CHANNEL: put(pen, "\"%s\"", channels[draw_below(draft, 4)]); break;
	case COUPON: put_word(pen, draft, 6, 10); break;
	case STATUS: put(pen, "\"%s\"", draft->status); break;
	case FIELDS: break;
	}
}

/* Ten fields, each there or not but the status, in one order or another. */
int optional_record(char *record, struct draft *draft)
{
	struct pen pen = {record, record};
	uint64_t drawn = draw(&draft->random);
	const unsigned char *sequence = sequences[drawn >> 63];
	const char *before = "{";

	for (unsigned i = 0; i < FIELDS; i++) {
		if (sequence[i] != STATUS && (drawn >> i & 1) == 0)
			continue;
		put(&pen, "%s", before);
		put_field(&pen, draft, sequence[i]);
		before = ",";
	}
	put(&pen, "}\n");
	return (int)(pen.at - pen.begin);
}

/* --- items ---------------------------------------------------------------- */

static void put_items(struct pen *pen, struct draft *draft, unsigned most)
{
	unsigned count = 1 + draw_below(draft, most);

	for (unsigned i = 0; i < count; i++) {
		unsigned sku = draw_below(draft, 1000000);

		put(pen, "%s{\"sku\":\"%c%c-%06u\",\"quantity\":%u,\"price\":",
		    i == 0 ? "[" : ",", 'A' + sku % 26, 'A' + sku / 26 % 26,
		    sku, 1 + draw_below(draft, 9));
		put_amount(pen, draft, 500);
		put(pen, "}");
	}
	put(pen, "]");
}

/* 1 to 12 things ordered stand before the status. */
int items_record(char *record, struct draft *draft)
{
	struct pen pen = {record, record};

	put(&pen, "{\"order_id\":");
	put_hex(&pen, draft);
	put(&pen, ",\"created_at\":");
	put_time(&pen, draft);
	put(&pen, ",\"customer\":");
	put_customer(&pen, draft);
	put(&pen, ",\"items\":");
	put_items(&pen, draft, 12);
	put(&pen, ",\"amount\":");
	put_amount(&pen, draft, 4096);
	put(&pen, ",\"currency\":\"%s\",\"express\":",
	    currencies[draw_below(draft, 4)]);
	put_flag(&pen, draft);
	put(&pen, ",\"status\":\"%s\"}\n", draft->status);
	return (int)(pen.at - pen.begin);
}

/* --- fat ------------------------------------------------------------------ */

static void put_address(struct pen *pen, struct draft *draft)
{
	put(pen, "{\"name\":");
	put_sentence(pen, draft, 10, 24, 0);
	put(pen, ",\"street\":");
	put_sentence(pen, draft, 12, 30, 0);
	put(pen, ",\"zip\":\"%05u\",\"city\":", draw_below(draft, 100000));
	put_word(pen, draft, 10, 18);
	put(pen, ",\"country\":\"%s\",\"position\":[",
	    countries[draw_below(draft, 8)]);
	put_amount(pen, draft, 90);
	put(pen, ",-");
	put_amount(pen, draft, 180);
	put(pen, "]}");
}

static void put_tags(struct pen *pen, struct draft *draft)
{
	unsigned count = draw_below(draft, 6);

	put(pen, "[");
	for (unsigned i = 0; i < count; i++) {
		put(pen, "%s", i == 0 ? "" : ",");
		put_word(pen, draft, 4, 14);
	}
	put(pen, "]");
}

static void put_amounts(struct pen *pen, struct draft *draft)
{
	unsigned count = 1 + draw_below(draft, 4);

	put(pen, "[");
	for (unsigned i = 0; i < count; i++) {
		put(pen, "%s", i == 0 ? "" : ",");
		put_amount(pen, draft, 10000);
	}
	put(pen, "]");
}

static void put_history(struct pen *pen, struct draft *draft)
{
	unsigned count = 1 + draw_below(draft, 12);

	for (unsigned i = 0; i < count; i++) {
		put(pen, "%s{\"at\":", i == 0 ? "[" : ",");
		put_time(pen, draft);
		put(pen, ",\"event\":");
		put_word(pen, draft, 10, 30);
		put(pen, ",\"by\":%u}", draw_below(draft, 1000));
	}
	put(pen, "]");
}

/* What stands in a field of `fat`, by a letter. */
static void put_kind(struct pen *pen, struct draft *draft, char kind)
{
	switch (kind) {
	case 'x': put_hex(pen, draft); break;
	case 'c': put_time(pen, draft); break;
	case 'w': put_word(pen, draft, 10, 24); break;
	case 's': put_sentence(pen, draft, 20, 60, 0); break;
	case 'l': put_sentence(pen, draft, 90, 120, 0); break;
	case 'n': put(pen, "%u", draw_below(draft, 1000000000)); break;
	case 'm': put_amount(pen, draft, 100000); break;
	case 'b': put_flag(pen, draft); break;
	case 'a': put_address(pen, draft); break;
	case 't': put_tags(pen, draft); break;
	case 'v': put_amounts(pen, draft); break;
	case 'i': put_items(pen, draft, 12); break;
	case 'h': put_history(pen, draft); break;
	case '=': put(pen, "\"%s\"", draft->status); break;
	default: put(pen, "null"); break;
	}
}

/* Two kinds: one of them, or seldom the other. */
static const struct {
	const char *name;
	char often, seldom;
} fat_fields[] = {
	{"order_id", 'x', 'x'},
	{"tenant", 'w', 'w'},
	{"created_at", 'c', 'c'},
	{"updated_at", 'c', '0'},
	{"revision", 'n', 'n'},
	{"source", 'w', 'w'},
	{"user_agent", 'l', 'l'},
	{"session", 'x', '0'},
	{"customer_id", 'n', 'n'},
	{"customer_name", 's', 's'},
	{"customer_mail", 'w', 'w'},
	{"customer_since", 'c', '0'},
	{"billing", 'a', 'a'},
	{"shipping", 'a', '0'},
	{"items", 'i', 'i'},
	{"net", 'm', 'm'},
	{"tax", 'm', 'm'},
	{"shipping_cost", 'm', 'm'},
	{"discounts", 'v', 'v'},
	{"discount_code", 'w', '0'},
	{"gross", 'm', 'm'},
	{"currency", 'w', 'w'},
	{"exchange_rate", 'm', 'm'},
	{"paid", 'b', 'b'},
	{"payment_method", 'w', 'w'},
	{"payment_token", 'x', '0'},
	{"express", 'b', 'b'},
	{"gift", 'b', 'b'},
	{"gift_message", 'l', 'l'},
	{"tags", 't', 't'},
	{"warehouse", 'w', 'w'},
	{"shelf", 'n', 'n'},
	{"carrier", 'w', '0'},
	{"tracking", 'x', '0'},
	{"promise", 's', 's'},
	{"remark", 'l', 'l'},
	{"internal_note", 'l', 'l'},
	{"campaign", 's', 's'},
	{"referrer", 'l', 'l'},
	{"history", 'h', 'h'},
	{"return_policy", 'l', 'l'},
	{"flags", 't', 't'},
	{"status", '=', '='},
	{"version", 'n', 'n'},
	{"checksum", 'x', 'x'},
};

/* 2 to 4 KiB in some forty fields, the status near the end. */
int fat_record(char *record, struct draft *draft)
{
	struct pen pen = {record, record};

	for (size_t i = 0; i < sizeof fat_fields / sizeof fat_fields[0]; i++) {
		int seldom = draw_below(draft, 16) == 0;

		put(&pen, "%s\"%s\":", i == 0 ? "{" : ",", fat_fields[i].name);
		put_kind(&pen, draft,
			 seldom ? fat_fields[i].seldom : fat_fields[i].often);
	}
	put(&pen, "}\n");
	return (int)(pen.at - pen.begin);
}
