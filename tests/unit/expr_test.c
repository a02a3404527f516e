/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions by tables: a text, a line, and what comes out as JSON; and every refusal with its
 * message. */
#include "unit.h"

#include "json/line.h"
#include "sql/node.h"

#define ORDER "{\"id\":\"o-1\",\"eventType\":\"maip.order.created\",\"timestamp\":\"2026-01-16T12:34:56.789Z\"," \
	"\"payload\":{\"customerId\":\"c-7\",\"totalAmount\":1234.50,\"itemCount\":3,\"status\":\"PENDING\",\"note\":null," \
	"\"express\":true,\"gift\":false,\"city\":\"M\\u00fcnchen\"},\"items\":[{\"sku\":\"a\"},{\"sku\":\"b\"}]," \
	"\"odd name\":{\"x\":1},\"big\":12345678901234567890123456789,\"tiny\":0.1,\"double\":1e-1,\"zero\":-0,\"text\":\"  Hi  \"," \
	"\"empty\":\"\",\"count\":5,\"end\":6,\"ms\":1768566896789}"

struct row {
	const char *text;
	const char *result;
};

struct run {
	char              line[4096];
	struct extractor *x;
	struct field      fields[EXTRACT_FIELDS];
	struct arena      scratch;
	struct buf        json;
};

/* text over line as JSON, or the message. */
static const char *
result_of(struct run *r, const char *text, const char *line)
{
	struct expr_scope scope;
	struct expr_env   env;
	struct expr      *e;
	struct err        err;
	struct val        v;

	r->x = extract_new();
	scope = (struct expr_scope){ .fields = r->x };
	buf_clear(&r->json);
	memset(r->line, 0, sizeof(r->line));
	strcpy(r->line, line);
	e = expr_new(str_of(text), "--where", &scope, &err);
	if (e == NULL) {
		buf_add_str(&r->json, str_of(err.msg));
	} else {
		assert_int_equal(extract(r->x, str_of(r->line), r->fields, &err), 0);
		env = (struct expr_env){ .fields = r->fields, .scratch = &r->scratch };
		expr_eval(e, &env, &v);
		val_add_json(&r->json, &v);
		assert_int_equal(expr_true(e, &env), v.kind == VAL_BOOL && v.truth);
		if (expr_kind(e) >= 0 && v.kind != VAL_NULL)
			assert_int_equal(expr_kind(e), v.kind);
		expr_free(e);
	}
	arena_reset(&r->scratch);
	extract_free(r->x);
	buf_add_char(&r->json, '\0');
	return r->json.p;
}

static void
check(const struct row *rows, size_t n)
{
	struct run r = { 0 };
	int        wrong = 0;

	buf_init(&r.json, BUF_NO_MAX);
	for (size_t i = 0; i < n; i++) {
		const char *got = result_of(&r, rows[i].text, ORDER);

		if (strcmp(got, rows[i].result) != 0) {
			print_error("%s\n  expected %s\n  got      %s\n", rows[i].text, rows[i].result, got);
			wrong++;
		}
	}
	buf_release(&r.json);
	arena_release(&r.scratch);
	assert_int_equal(wrong, 0);
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof((rows)[0]))

static void
paths_lead_to_members_and_elements_as_they_came(void **state)
{
	static const struct row rows[] = {
		{ "payload.customerId", "\"c-7\"" },
		{ "payload.totalAmount", "1234.50" },
		{ "payload.city", "\"M\\u00fcnchen\"" },
		{ "payload.note", "null" },
		{ "payload.missing.deeper", "null" },
		{ "items[1].sku", "\"b\"" },
		{ "items[2].sku", "null" },
		{ "items[0]", "{\"sku\":\"a\"}" },
		{ "`odd name`.x", "1" },
		{ "`payload`.`itemCount`", "3" },
		{ "count", "5" },
		{ "timestamp", "\"2026-01-16T12:34:56.789Z\"" },
		{ "`end`", "6" },
		{ "zero", "-0" },
		{ "double", "1e-1" },
		{ "big", "12345678901234567890123456789" },
	};

	(void)state;
	CHECK(rows);
}

static void
literals_are_what_they_say(void **state)
{
	static const struct row rows[] = {
		{ "'it''s'", "\"it's\"" },
		{ "''", "\"\"" },
		{ "'M\xc3\xbcnchen'", "\"M\xc3\xbcnchen\"" },
		{ "12", "12" },
		{ "007", "7" },
		{ "5.10", "5.10" },
		{ "-5", "-5" },
		{ "- - 5", "5" },
		{ "+5", "5" },
		{ "1e3", "1000.0" },
		{ "TRUE", "true" },
		{ "false", "false" },
		{ "NULL", "null" },
		{ "INTERVAL '5' MINUTE", "300000" },
		{ "INTERVAL '1.5' seconds", "1500" },
		{ "INTERVAL '-2' DAY", "-172800000" },
		{ "TIMESTAMP '2026-01-16 12:00:00'", "\"2026-01-16T12:00:00.000Z\"" },
		{ "1 -- the rest is a comment", "1" },
		{ "1 /* it's one */ + /**/ 2 -- /* and two", "3" },
		{ "'/* text */'", "\"/* text */\"" },
	};

	(void)state;
	CHECK(rows);
}

static void
comparison_is_by_value_and_unlike_kinds_give_null(void **state)
{
	static const struct row rows[] = {
		{ "eventType = 'maip.order.created'", "true" },
		{ "eventType <> 'maip.order.created'", "false" },
		{ "eventType != 'x'", "true" },
		{ "eventType < 'maip.order.z'", "true" },
		{ "'maip.order.z' > eventType", "true" },
		{ "eventType = 5", "null" },
		{ "payload.totalAmount = 1234.5", "true" },
		{ "payload.totalAmount > 100", "true" },
		{ "100 < payload.totalAmount", "true" },
		{ "payload.totalAmount <= 1234.49", "false" },
		{ "payload.totalAmount >= 1234.50", "true" },
		{ "payload.totalAmount = 'x'", "null" },
		{ "payload.city = 'M\xc3\xbcnchen'", "true" },
		{ "payload.city >= 'N'", "false" },
		{ "big > 9223372036854775807", "true" },
		{ "big = 12345678901234567890123456789", "true" },
		{ "big < 12345678901234567890123456789.5", "true" },
		{ "tiny = 0.1", "true" },
		{ "double = 0.1", "false" },
		{ "zero = 0", "true" },
		{ "missing = 1", "null" },
		{ "payload.note = NULL", "null" },
		{ "payload.express = TRUE", "true" },
		{ "payload.express > payload.gift", "true" },
		{ "payload = payload", "null" },
		{ "payload IS NOT DISTINCT FROM payload", "true" },
		{ "missing IS DISTINCT FROM 1", "true" },
		{ "missing IS NOT DISTINCT FROM NULL", "true" },
		{ "payload.itemCount IS DISTINCT FROM 3.0", "false" },
		{ "payload.itemCount IS DISTINCT FROM 'x'", "true" },
		{ "1 = 1.0", "true" },
	};

	(void)state;
	CHECK(rows);
}

static void
logic_has_three_values(void **state)
{
	static const struct row rows[] = {
		{ "TRUE AND NULL", "null" },
		{ "FALSE AND NULL", "false" },
		{ "NULL OR TRUE", "true" },
		{ "NULL OR FALSE", "null" },
		{ "NOT NULL", "null" },
		{ "NOT missing = 1", "null" },
		{ "NOT NOT TRUE", "true" },
		{ "missing = 1 OR payload.express", "true" },
		{ "missing = 1 AND payload.gift", "false" },
		{ "payload.itemCount AND TRUE", "null" },
		{ "NULL IS NULL", "true" },
		{ "payload.note IS NULL", "true" },
		{ "payload.itemCount IS NOT NULL", "true" },
		{ "missing = 1 IS UNKNOWN", "true" },
		{ "payload.express IS TRUE", "true" },
		{ "payload.express IS NOT FALSE", "true" },
		{ "(missing = 1) IS TRUE", "false" },
		{ "(missing = 1) IS NOT TRUE", "true" },
		{ "1 = 1 OR 1 = 2 AND 1 = 3", "true" },
		{ "NOT 1 = 1 OR 1 = 1", "true" },
	};

	(void)state;
	CHECK(rows);
}

static void
predicates_follow_sql(void **state)
{
	static const struct row rows[] = {
		{ "payload.itemCount BETWEEN 1 AND 3", "true" },
		{ "payload.itemCount NOT BETWEEN 1 AND 2 AND TRUE", "true" },
		{ "payload.itemCount BETWEEN missing AND 2", "false" },
		{ "payload.itemCount BETWEEN missing AND 3", "null" },
		{ "payload.status IN ('NEW', 'PENDING')", "true" },
		{ "payload.status IN ('NEW', NULL)", "null" },
		{ "payload.status NOT IN ('NEW')", "true" },
		{ "payload.status NOT IN ('NEW', NULL)", "null" },
		{ "missing IN (1)", "null" },
		{ "eventType LIKE 'maip.%'", "true" },
		{ "eventType LIKE '%created'", "true" },
		{ "eventType LIKE 'maip._rder.%d'", "true" },
		{ "eventType LIKE '%x%'", "false" },
		{ "eventType NOT LIKE 'maip.%'", "false" },
		{ "payload.city LIKE 'M_nchen'", "true" },
		{ "empty LIKE ''", "true" },
		{ "empty LIKE '%'", "true" },
		{ "empty LIKE '_'", "false" },
		{ "'100%' LIKE '100!%' ESCAPE '!'", "true" },
		{ "'1000' LIKE '100!%' ESCAPE '!'", "false" },
		{ "'a_b' LIKE 'a\xc3\xbc_b' ESCAPE '\xc3\xbc'", "true" },
		{ "'a!' LIKE 'a!' ESCAPE '!'", "false" },
		{ "payload.itemCount LIKE '3'", "null" },
		{ "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab' LIKE '%a%a%a%a%a%a%a%a%a%c'", "false" },
	};

	(void)state;
	CHECK(rows);
}

static void
arithmetic_is_exact(void **state)
{
	static const struct row rows[] = {
		{ "payload.totalAmount * 3", "3703.50" },
		{ "payload.totalAmount + 0.1", "1234.60" },
		{ "0.1 + 0.2", "0.3" },
		{ "1 - 2 - 3", "-4" },
		{ "2 + 3 * 4", "14" },
		{ "(2 + 3) * 4", "20" },
		{ "7 / 2", "3.5" },
		{ "7 % 3", "1" },
		{ "-7 % 3", "-1" },
		{ "payload.itemCount / (big - big)", "null" },
		{ "payload.itemCount % (big - big)", "null" },
		{ "MOD(payload.itemCount, big - big)", "null" },
		{ "payload.itemCount % missing", "null" },
		{ "payload.status + 1", "null" },
		{ "-payload.itemCount", "-3" },
		{ "big + 1", "12345678901234567890123456790" },
		{ "9223372036854775807 + 1", "9223372036854775808" },
		{ "'a' || 'b' || 'c'", "\"abc\"" },
		{ "payload.customerId || '/' || payload.totalAmount", "\"c-7/1234.50\"" },
		{ "'x' || missing", "null" },
		{ "payload.city || ''", "\"M\xc3\xbcnchen\"" },
		{ "TIMESTAMP '2026-01-16 00:00:00' + INTERVAL '1' DAY", "\"2026-01-17T00:00:00.000Z\"" },
		{ "timestamp - INTERVAL '1' HOUR", "\"2026-01-16T11:34:56.789Z\"" },
		{ "timestamp - TIMESTAMP '2026-01-16 12:34:56' > INTERVAL '0.5' SECOND", "true" },
		{ "timestamp > '2026-01-16'", "true" },
		{ "TO_TIMESTAMP(timestamp) > '2026-01-16'", "true" },
		{ "TO_TIMESTAMP(ms) = timestamp", "true" },
		{ "INTERVAL '1' HOUR / INTERVAL '1' MINUTE", "60" },
		{ "INTERVAL '1' HOUR * 2", "7200000" },
	};

	(void)state;
	CHECK(rows);
}

static void
case_takes_the_first_branch_that_is_true(void **state)
{
	static const struct row rows[] = {
		{ "CASE WHEN payload.itemCount > 2 THEN 'many' ELSE 'few' END", "\"many\"" },
		{ "CASE WHEN missing = 1 THEN 1 WHEN TRUE THEN 2 END", "2" },
		{ "CASE WHEN FALSE THEN 1 END", "null" },
		{ "CASE payload.status WHEN 'NEW' THEN 1 WHEN 'PENDING' THEN 2 ELSE 3 END", "2" },
		{ "CASE missing WHEN 1 THEN 1 ELSE 0 END", "0" },
		{ "CASE WHEN TRUE THEN payload.totalAmount END", "1234.50" },
		{ "COALESCE(missing, payload.note, payload.itemCount, 9)", "3" },
		{ "COALESCE(missing)", "null" },
		{ "NULLIF(payload.itemCount, 3)", "null" },
		{ "NULLIF(payload.itemCount, 4)", "3" },
		{ "NULLIF(payload.itemCount, missing)", "3" },
	};

	(void)state;
	CHECK(rows);
}

static void
casts_give_what_fits_or_null(void **state)
{
	static const struct row rows[] = {
		{ "CAST(payload.totalAmount AS INT)", "1234" },
		{ "CAST(-1.9 AS INT)", "-1" },
		{ "CAST(' 12.7 ' AS BIGINT)", "12" },
		{ "CAST(payload.status AS INT)", "null" },
		{ "CAST(big AS BIGINT)", "null" },
		{ "CAST(300 AS SMALLINT)", "300" },
		{ "TRY_CAST(300 AS TINYINT)", "null" },
		{ "CAST(payload.totalAmount AS DECIMAL(10, 1))", "1234.5" },
		{ "CAST(1.25 AS DECIMAL(3, 1))", "1.3" },
		{ "CAST(5 AS DECIMAL(5, 2))", "5.00" },
		{ "TRY_CAST(1234.5 AS DECIMAL(5, 2))", "null" },
		{ "CAST(double AS DECIMAL(5, 2))", "0.10" },
		{ "CAST('0.1' AS DECIMAL(5, 2))", "0.10" },
		{ "CAST(1.005e0 AS DECIMAL(5, 2))", "1.01" },
		{ "CAST(-1.005e0 AS DECIMAL(5, 2)) = ROUND(-1.005, 2)", "true" },
		{ "CAST(5 AS DOUBLE)", "5.0" },
		{ "CAST(payload.totalAmount AS STRING)", "\"1234.50\"" },
		{ "CAST(TRUE AS STRING)", "\"TRUE\"" },
		{ "CAST(items[0] AS STRING)", "\"{\\\"sku\\\":\\\"a\\\"}\"" },
		{ "CAST('M\xc3\xbcnchen' AS VARCHAR(2))", "\"M\xc3\xbc\"" },
		{ "CAST('Yes' AS BOOLEAN)", "true" },
		{ "TRY_CAST(' Yes ' AS BOOLEAN)", "null" },
		{ "CAST(0 AS BOOLEAN)", "false" },
		{ "CAST(payload.status AS BOOLEAN)", "null" },
		{ "CAST(timestamp AS TIMESTAMP)", "\"2026-01-16T12:34:56.789Z\"" },
		{ "CAST('2026-01-16' AS TIMESTAMP)", "\"2026-01-16T00:00:00.000Z\"" },
	};

	(void)state;
	CHECK(rows);
}

static void
functions_of_numbers(void **state)
{
	static const struct row rows[] = {
		{ "ABS(-5.50)", "5.50" },
		{ "SIGN(-5)", "-1" },
		{ "FLOOR(-1.5)", "-2" },
		{ "CEIL(1.2)", "2" },
		{ "CEILING(-1.2)", "-1" },
		{ "ROUND(2.5)", "3" },
		{ "ROUND(-2.5)", "-3" },
		{ "ROUND(payload.totalAmount, -2)", "1200" },
		{ "ROUND(1.005, 2)", "1.01" },
		{ "TRUNCATE(1.999, 1)", "1.9" },
		{ "MOD(7, 3)", "1" },
		{ "POWER(2, 10)", "1024" },
		{ "POWER(1.1, 2)", "1.21" },
		{ "POWER(2, 0.5)", "1.4142135623730951" },
		{ "SQRT(16)", "4" },
		{ "SQRT(2)", "1.4142135623730951" },
		{ "SQRT(-1 * payload.itemCount)", "null" },
		{ "GREATEST(1, payload.itemCount, 2.5)", "3" },
		{ "LEAST('b', 'a')", "\"a\"" },
		{ "GREATEST(1, missing)", "null" },
		{ "GREATEST(payload.itemCount, payload.status)", "null" },
	};

	(void)state;
	CHECK(rows);
}

static void
functions_of_text(void **state)
{
	static const struct row rows[] = {
		{ "LOWER('ÄB')", "\"äb\"" },
		{ "UPPER('äb')", "\"ÄB\"" },
		{ "TRIM(text)", "\"Hi\"" },
		{ "TRIM(LEADING FROM text)", "\"Hi  \"" },
		{ "TRIM(TRAILING FROM text)", "\"  Hi\"" },
		{ "TRIM(BOTH 'xü' FROM 'xüaüx')", "\"a\"" },
		{ "TRIM('x' FROM 'xax')", "\"a\"" },
		{ "SUBSTRING(payload.city, 2, 3)", "\"ünc\"" },
		{ "SUBSTRING('abc' FROM 2)", "\"bc\"" },
		{ "SUBSTRING('abc' FROM 2 FOR 1)", "\"b\"" },
		{ "SUBSTRING('abc', -2)", "\"bc\"" },
		{ "SUBSTRING('abc', 0)", "\"abc\"" },
		{ "SUBSTRING('abc', 9)", "\"\"" },
		{ "SUBSTRING('abc', 1, 0)", "\"\"" },
		{ "SUBSTRING('abc', 1, -1)", "null" },
		{ "POSITION('nch' IN payload.city)", "3" },
		{ "POSITION('x' IN 'abc')", "0" },
		{ "POSITION('' IN 'abc')", "1" },
		{ "CHAR_LENGTH(payload.city)", "7" },
		{ "CONCAT('a', 1, TRUE)", "\"a1TRUE\"" },
		{ "CONCAT('a', missing)", "null" },
		{ "REPLACE('a-b-c', '-', '+')", "\"a+b+c\"" },
		{ "REPLACE('ab', '', 'x')", "\"xaxbx\"" },
		{ "SPLIT_INDEX(eventType, '.', 1)", "\"order\"" },
		{ "SPLIT_INDEX(eventType, '.', 3)", "null" },
		{ "SPLIT_INDEX(eventType, '.', -1)", "null" },
		{ "REGEXP(eventType, '^maip[.](order|quote)')", "true" },
		{ "REGEXP(payload.city, '^M.nchen$')", "true" },
		{ "REGEXP(payload.itemCount, '3')", "null" },
	};

	(void)state;
	CHECK(rows);
}

static void
functions_of_moments(void **state)
{
	static const struct row rows[] = {
		{ "TO_TIMESTAMP('2026-01-16 12:00:00')", "\"2026-01-16T12:00:00.000Z\"" },
		{ "TO_TIMESTAMP(1768564800)", "\"2026-01-16T12:00:00.000Z\"" },
		{ "TO_TIMESTAMP_LTZ(ms, 3)", "\"2026-01-16T12:34:56.789Z\"" },
		{ "TO_TIMESTAMP(payload.status)", "null" },
		{ "EXTRACT(YEAR FROM timestamp)", "2026" },
		{ "EXTRACT(QUARTER FROM timestamp)", "1" },
		{ "EXTRACT(WEEK FROM timestamp)", "3" },
		{ "EXTRACT(WEEK FROM TIMESTAMP '2027-01-01 00:00:00')", "53" },
		{ "EXTRACT(HOUR FROM timestamp)", "12" },
		{ "EXTRACT(MILLISECOND FROM timestamp)", "789" },
		{ "EXTRACT(DOW FROM timestamp)", "6" },
		{ "EXTRACT(ISODOW FROM timestamp)", "5" },
		{ "EXTRACT(DOY FROM timestamp)", "16" },
		{ "EXTRACT(EPOCH FROM timestamp)", "1768566896" },
		{ "FLOOR(timestamp TO HOUR)", "\"2026-01-16T12:00:00.000Z\"" },
		{ "FLOOR(timestamp TO WEEK)", "\"2026-01-11T00:00:00.000Z\"" },
		{ "FLOOR(timestamp TO QUARTER)", "\"2026-01-01T00:00:00.000Z\"" },
		{ "CEIL(timestamp TO MONTH)", "\"2026-02-01T00:00:00.000Z\"" },
		{ "CEIL(timestamp TO YEAR)", "\"2027-01-01T00:00:00.000Z\"" },
		{ "CEIL(TIMESTAMP '2026-01-01 00:00:00' TO YEAR)", "\"2026-01-01T00:00:00.000Z\"" },
		{ "FLOOR(TIMESTAMP '1969-12-31 23:59:59.999' TO DAY)", "\"1969-12-31T00:00:00.000Z\"" },
	};

	(void)state;
	CHECK(rows);
}

static void
mistakes_are_pointed_at(void **state)
{
	static const struct row rows[] = {
		{ "a = 1 AND ", "--where: column 11: expected an expression after AND, found end of text" },
		{ "", "--where: column 1: expected an expression, found end of text" },
		{ "a = ", "--where: column 5: expected an expression after '=', found end of text" },
		{ "a > 1 AND end.x > 2", "--where: column 11: 'end' is a word of expressions (as a name it stands in backquotes, `end`)" },
		{ "COALESCE(a, In)", "--where: column 13: 'In' is a word of expressions (as a name it stands in backquotes, `In`)" },
		{ "a > AND b > 2", "--where: column 5: expected an expression after '>', found 'AND'" },
		{ "a > IN (2)", "--where: column 5: expected an expression after '>', found 'IN'" },
		{ "ü = 'ü' x", "--where: column 9: expected an operator or the end after 'ü', found 'x'" },
		{ "(a", "--where: column 3: expected ')' after a, found end of text" },
		{ "a = 1 = 2", "--where: column 7: expected AND, OR or the end after '1', found '='" },
		{ "'abc", "--where: column 1: this text has no closing '" },
		{ "`abc", "--where: column 1: this name has no closing `" },
		{ "1 = /* a", "--where: column 5: this comment has no closing */" },
		{ "a = \"x\"", "--where: column 5: text stands in single quotes ('...'), an odd name in backquotes (`...`)" },
		{ "a ~ 1", "--where: column 3: '~' means nothing here" },
		{ "LOVER(a)", "--where: column 1: there is no function 'LOVER'; did you mean LOWER?" },
		{ "frobnicate(a)", "--where: column 1: there is no function 'frobnicate'; see maip-expr(7)" },
		{ "a > NOW()", "--where: column 5: there is no clock in an expression, so that the same input gives the same output (write the moment, '2026-01-16T12:00:00Z'; a member of this name stands in backquotes)" },
		{ "a > LOCALTIME()", "--where: column 5: there is no clock in an expression, so that the same input gives the same output (write the moment, '2026-01-16T12:00:00Z'; a member of this name stands in backquotes)" },
		{ "a > current_timestamp", "--where: column 5: there is no clock in an expression, so that the same input gives the same output (write the moment, '2026-01-16T12:00:00Z'; a member of this name stands in backquotes)" },
		{ "COUNT(*)", "--where: column 1: COUNT is an aggregate, and cannot be used here" },
		{ "SUBSTRING('a')", "--where: column 1: SUBSTRING takes 2 to 3 arguments, not 1" },
		{ "ABS()", "--where: column 1: ABS takes 1 argument, not 0" },
		{ "'a' + 1", "--where: column 1: + takes numbers, and this is text (|| joins texts)" },
		{ "1 AND TRUE", "--where: column 1: AND takes conditions, and this is a number" },
		{ "NOT 'x'", "--where: column 5: NOT takes conditions, and this is text" },
		{ "1 = 'x'", "--where: column 5: a number cannot be compared with text (write both as text or both as numbers, or CAST one of them)" },
		{ "1 / 0", "--where: column 1: this divides by zero" },
		{ "1e300 / 1e-300", "--where: column 1: the result is beyond any number" },
		{ "a / 0", "--where: column 1: this divides by zero" },
		{ "2 + a % 0.0", "--where: column 5: this divides by zero" },
		{ "a / -0", "--where: column 1: this divides by zero" },
		{ "a / (0)", "--where: column 1: this divides by zero" },
		{ "a / 0e5", "--where: column 1: this divides by zero" },
		{ "a / (1 - 1)", "--where: column 1: this divides by zero" },
		{ "MOD(a, 0)", "--where: column 1: this divides by zero" },
		{ "COALESCE(a / 0, 1)", "--where: column 10: this divides by zero" },
		{ "CAST('x' AS INT)", "--where: column 6: this cannot be cast, it would always be NULL (TRY_CAST allows it)" },
		{ "CAST(a AS FOO)", "--where: column 11: expected a type (BOOLEAN, INT, BIGINT, DECIMAL(p, s), DOUBLE, STRING, TIMESTAMP) after AS, found 'FOO'" },
		{ "REGEXP(a, b)", "--where: column 11: the pattern of REGEXP has to be a constant text" },
		{ "REGEXP(a, '(')", "--where: column 11: the pattern is wrong at its character 2: missing closing parenthesis" },
		{ "INTERVAL '1' MONTH", "--where: column 14: expected MILLISECOND, SECOND, MINUTE, HOUR, DAY or WEEK after '1', found 'MONTH'" },
		{ "timestamp > TIMESTAMP 'x'", "--where: column 23: this is not a moment ('2026-01-16T12:00:00Z', '2026-01-16 12:00:00', '2026-01-16')" },
		{ "a LIKE 'x' ESCAPE 'ab'", "--where: column 19: ESCAPE takes a text of one character" },
		{ "a IS 5", "--where: column 6: expected NULL, TRUE, FALSE or DISTINCT FROM after IS, found '5'" },
		{ "a NOT 5", "--where: column 7: expected BETWEEN, IN or LIKE after NOT, found '5'" },
		{ "12abc", "--where: column 3: expected an operator after the number" },
		{ "1e999", "--where: column 1: this number is beyond any number (1.8e308)" },
		{ "items[x]", "--where: column 7: expected a whole number up to 4294967295, found 'x'" },
		{ "a.", "--where: column 3: expected the name of a member after '.', found end of text" },
		{ "CASE a END", "--where: column 8: expected WHEN after a, found 'END'" },
	};

	(void)state;
	CHECK(rows);
}

static void
nesting_is_limited_and_long_lists_are_not_nesting(void **state)
{
	struct extractor *x = extract_new();
	struct expr_scope scope = { .fields = x };
	struct buf        text;
	struct expr      *e;
	struct err        err;

	(void)state;
	buf_init(&text, BUF_NO_MAX);
	for (int i = 0; i < 257; i++)
		buf_add_char(&text, '(');
	assert_null(expr_new(buf_str(&text), "--where", &scope, &err));
	assert_string_equal(err.msg, "--where: column 257: brackets are nested deeper than 256 levels");
	buf_clear(&text);
	for (int i = 0; i < 5000; i++)
		buf_add_str(&text, STR("a=1 OR "));
	buf_add_str(&text, STR("a=1"));
	e = expr_new(buf_str(&text), "--where", &scope, &err);
	assert_non_null(e);
	expr_free(e);
	buf_clear(&text);
	for (int i = 0; i < 5000; i++)
		buf_add_str(&text, STR("a+"));
	buf_add_str(&text, STR("a"));
	assert_null(expr_new(buf_str(&text), "--where", &scope, &err));
	assert_non_null(strstr(err.msg, "the expression is nested deeper than 1000 levels"));
	buf_clear(&text);
	for (int i = 0; i < 70000; i++)
		buf_add_char(&text, ' ');
	assert_null(expr_new(buf_str(&text), "--where", &scope, &err));
	assert_string_equal(err.msg, "--where: the text is longer than 65536 bytes");
	assert_null(expr_new(STR("'\xff'"), "--where", &scope, &err));
	assert_string_equal(err.msg, "--where: the text is not UTF-8");
	buf_release(&text);
	extract_free(x);
}

/* ---- scopes */

static int
slot_total(void *arg, const struct path *path, size_t *used)
{
	(void)arg;
	*used = 1;
	return str_eq(path->steps[0].name, STR("total")) ? 1 : -1;
}

static void
a_scope_may_have_slots_and_names_are_those_of_sql(void **state)
{
	static const struct { const char *text, *name; } names[] = {
		{ "payload.customerId", "customerId" }, { "payload.customerId AS c", "c" }, { "a + 1", "a + 1" },
		{ "`odd name`.`x.y`", "x.y" }, { "items[0]", "items[0]" }, { "UPPER(a) AS `big a`", "big a" }, { "total", "total" },
	};
	struct extractor   *x = extract_new();
	struct expr_scope   scope = { .fields = x, .slot = slot_total };
	struct val          slots[2] = { [1] = { .kind = VAL_NUM, .num = { .v = 7 } } }, v;
	struct arena        scratch = { 0 };
	struct expr_env     env = { .slots = slots, .scratch = &scratch };
	struct expr_column *columns = NULL;
	size_t              n = 0;
	struct expr        *e;
	struct err          err;
	char               *name;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		e = expr_new_as(str_of(names[i].text), "--key", &scope, &name, &err);
		assert_non_null(e);
		assert_string_equal(name, names[i].name);
		free(name);
		expr_free(e);
	}
	e = expr_new(STR("total + 1"), "--having", &scope, &err);
	expr_eval(e, &env, &v);
	assert_int_equal(v.num.v, 8);
	expr_free(e);
	assert_null(expr_new(STR("total.x"), "--having", &scope, &err));
	assert_string_equal(err.msg, "--having: column 1: 'total' has no members");
	assert_int_equal(expr_list(STR("total AS t, UPPER('x'), a.b"), "--select", &scope, &columns, &n, &err), 3);
	assert_string_equal(columns[0].name, "t");
	assert_string_equal(columns[1].name, "UPPER('x')");
	assert_string_equal(columns[2].name, "b");
	expr_eval(columns[1].expr, &env, &v);
	assert_true(str_eq(v.text, STR("X")));
	assert_int_equal(expr_list(STR("'text'"), "--select", &scope, &columns, &n, &err), 1);
	expr_eval(columns[3].expr, &env, &v);
	assert_true(str_eq(v.text, STR("text")));
	assert_int_equal(expr_list(STR("a, "), "--select", &scope, &columns, &n, &err), -1);
	assert_int_equal(n, 4);
	assert_string_equal(err.msg, "--select: column 4: expected an expression after ',', found end of text");
	for (size_t i = 0; i < n; i++) {
		expr_free(columns[i].expr);
		free(columns[i].name);
	}
	free(columns);
	arena_release(&scratch);
	extract_free(x);
}

static void
conditions_are_asked_for(void **state)
{
	struct extractor *x = extract_new();
	struct expr_scope scope = { .fields = x };
	struct err        err;
	struct expr      *e = expr_new(STR("1 + 1"), "--where", &scope, &err);

	(void)state;
	assert_int_equal(expr_want_condition(e, "--where", &err), -1);
	assert_string_equal(err.msg, "--where: this is a number, not a condition");
	expr_free(e);
	e = expr_new(STR("payload.express"), "--where", &scope, &err);
	assert_int_equal(expr_want_condition(e, "--where", &err), 0);
	assert_int_equal(expr_field(e), 0);
	expr_free(e);
	extract_free(x);
}

/* ---- patterns: three events with v = 10, 20, null and 30 */

struct events {
	struct field fields[4][1];
};

static int
pattern_one(void *arg, struct str name)
{
	(void)arg;
	return str_eq(name, STR("one")) ? 1 : str_eq(name, STR("none")) ? 2 : -1;
}

static size_t
count_taken(void *self, int pattern)
{
	(void)self;
	return pattern == 1 ? 4 : 0;
}

static const struct field *
fields_taken(void *self, int pattern, size_t i)
{
	(void)pattern;
	return ((struct events *)self)->fields[i];
}

static void
pattern_functions_look_at_what_was_taken(void **state)
{
	static const struct row rows[] = {
		{ "FIRST(one.v)", "10" }, { "FIRST(one.v, 1)", "20" }, { "LAST(one.v)", "30" }, { "LAST(one.v, 1)", "null" },
		{ "LAST(one.v, 2)", "20" }, { "LAST(one.v, 4)", "null" }, { "COUNT(one)", "4" }, { "COUNT(one.v)", "3" },
		{ "COUNT(none)", "0" }, { "SUM(one.v)", "60" }, { "SUM(none.v)", "null" }, { "AVG(one.v)", "20" },
		{ "MIN(one.v)", "10" }, { "MAX(one.v)", "30" }, { "SUM(one.v * 2) + v", "130" }, { "LAST(one.v, 1) IS NULL", "true" },
		{ "v > LAST(one.v)", "false" }, { "FIRST_VALUE(one.v + 1)", "11" },
		{ "LAST_VALUE(one.v)", "30" }, { "LAST_VALUE(none.v)", "null" },
		{ "VAR_SAMP(one.v)", "100" }, { "STDDEV(one.v)", "10.0" }, { "VAR_POP(none.v)", "null" },
		{ "FIRST(two.v)", "--where: column 7: 'two' is not the name of a pattern" },
		{ "FIRST(one.v + none.v)", "--where: column 15: the paths inside belong to different patterns" },
		{ "SUM(1)", "--where: column 5: expected the name of a pattern and a path, FIRST(p.x) for example" },
		{ "SUM(MAX(one.v))", "--where: column 5: an aggregate cannot stand inside of another one" },
		{ "TOP(1, one.v)", "--where: column 1: TOP cannot be used on a pattern (FIRST, LAST, COUNT, SUM, AVG, MIN, MAX, STDDEV and VARIANCE can)" },
	};
	struct extractor *x = extract_new();
	struct expr_scope scope = { .fields = x, .pattern = pattern_one };
	struct events     events = { .fields = {
		{ { JSON_NUMBER, false, STR("10") } }, { { JSON_NUMBER, false, STR("20") } },
		{ { JSON_NULL, false, STR("null") } }, { { JSON_NUMBER, false, STR("30") } } } };
	struct taken      taken = { &events, count_taken, fields_taken };
	struct arena      scratch = { 0 };
	struct expr_env env = { .fields = events.fields[0], .taken = &taken, .scratch = &scratch };
	struct buf        json;
	int               wrong = 0;

	(void)state;
	buf_init(&json, BUF_NO_MAX);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err   err;
		struct expr *e = expr_new(str_of(rows[i].text), "--where", &scope, &err);
		struct val   v;

		buf_clear(&json);
		if (e == NULL) {
			buf_add_str(&json, str_of(err.msg));
		} else {
			expr_eval(e, &env, &v);
			val_add_json(&json, &v);
		}
		expr_free(e);
		if (!str_eq(buf_str(&json), str_of(rows[i].result))) {
			print_error("%s\n  expected %s\n  got      %.*s\n", rows[i].text, rows[i].result, STR_ARGS(buf_str(&json)));
			wrong++;
		}
	}
	buf_release(&json);
	arena_release(&scratch);
	extract_free(x);
	assert_int_equal(wrong, 0);
}

/* ---- REGEXP */

static void
a_pattern_that_takes_for_ever_is_given_up_and_counted(void **state)
{
	struct extractor *x = extract_new();
	struct expr_scope scope = { .fields = x };
	struct arena      scratch = { 0 };
	uint64_t          gave_up = 0;
	struct field      fields[1] = { { JSON_STRING, false, STR("\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"") } };
	struct expr_env   env = { .fields = fields, .scratch = &scratch, .gave_up = &gave_up };
	struct err        err;
	struct expr      *e = expr_new(STR("REGEXP(a, '^(a|aa|a+)*$')"), "--where", &scope, &err);
	struct val        v;

	(void)state;
	expr_eval(e, &env, &v);
	assert_int_equal(v.kind, VAL_NULL);
	assert_int_equal(gave_up, 1);
	expr_free(e);
	arena_release(&scratch);
	extract_free(x);
}

/* 20,000 letters against 10,000: each place in the text is tried to the end of the pattern. */
static void
a_like_that_takes_for_ever_is_given_up_and_counted(void **state)
{
	static char text[20000], pattern[10002];
	uint64_t    gave_up = 0;

	(void)state;
	memset(text, 'a', sizeof(text));
	memset(pattern, 'a', sizeof(pattern));
	pattern[0] = '%';
	assert_int_equal(like_match((struct str){ text, sizeof(text) },
	                            (struct str){ pattern, 1000 }, STR(""), &gave_up),
	                 TRI_TRUE);
	pattern[sizeof(pattern) - 1] = 'b';
	assert_int_equal(like_match((struct str){ text, sizeof(text) },
	                            (struct str){ pattern, sizeof(pattern) }, STR(""), &gave_up),
	                 TRI_NULL);
	assert_int_equal(gave_up, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_lead_to_members_and_elements_as_they_came),
		cmocka_unit_test(literals_are_what_they_say),
		cmocka_unit_test(comparison_is_by_value_and_unlike_kinds_give_null),
		cmocka_unit_test(logic_has_three_values),
		cmocka_unit_test(predicates_follow_sql),
		cmocka_unit_test(arithmetic_is_exact),
		cmocka_unit_test(case_takes_the_first_branch_that_is_true),
		cmocka_unit_test(casts_give_what_fits_or_null),
		cmocka_unit_test(functions_of_numbers),
		cmocka_unit_test(functions_of_text),
		cmocka_unit_test(functions_of_moments),
		cmocka_unit_test(mistakes_are_pointed_at),
		cmocka_unit_test(nesting_is_limited_and_long_lists_are_not_nesting),
		cmocka_unit_test(a_scope_may_have_slots_and_names_are_those_of_sql),
		cmocka_unit_test(conditions_are_asked_for),
		cmocka_unit_test(pattern_functions_look_at_what_was_taken),
		cmocka_unit_test(a_pattern_that_takes_for_ever_is_given_up_and_counted),
		cmocka_unit_test(a_like_that_takes_for_ever_is_given_up_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
