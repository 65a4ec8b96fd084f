/*
 * docker's --format: what people write in scripts, and what is refused.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/template.h"

static const char document[] =
    "{\"Name\":\"web\",\"Up\":true,\"Code\":0,\"None\":null,\"Empty\":[],"
    "\"Labels\":{\"a.b\":\"c\"},\"Args\":[\"x\",\"y\"],\"Text\":\"\","
    "\"Mounts\":[{\"Source\":\"/a\",\"Modes\":[\"ro\",\"z\"]},{\"Source\":\"/b\",\"Modes\":[]}]}";

static int render(const char *format, char *text, size_t size, Error *error)
{
    Arena arena = { 0 };
    StrBuf out = { 0 };
    const JsonValue *value;
    assert_int_equal(json_parse(document, strlen(document), NULL, &arena, &value, NULL), 0);
    int r = template_render(format, value, &out, error);
    assert_true(out.length < size);
    strcpy(text, strbuf_text(&out));
    strbuf_done(&out);
    arena_done(&arena);
    return r;
}

static void test_renders(void **state)
{
    (void)state;
    static const struct {
        const char *format, *text;
    } rows[] = {
        { "plain", "plain" },
        { "{{.Name}} {{ .Up }}/{{.Code}}", "web true/0" },
        { "{{.Args}} {{json .Name}} {{json .Labels}}", "[x y] \"web\" {\"a.b\":\"c\"}" },
        { "{{index .Labels \"a.b\"}}|{{index .Labels \"none\"}}|{{index .Args 1}}", "c||y" },
        { "{{index .Labels `a.b`}}{{index .Mounts 0 \"Source\"}}", "c/a" },
        { "{{len .Args}}{{len .Labels}}{{len .Name}}{{len .Empty}}", "2130" },
        { "{{join .Args \", \"}}", "x, y" },
        { "{{range .Mounts}}{{.Source}} {{end}}.", "/a /b ." },
        { "{{range .Labels}}{{.}}{{end}}", "c" },
        { "{{range .Mounts}}{{$.Name}}:{{range .Modes}}{{.}}{{else}}-{{end}};{{end}}",
          "web:roz;web:-;" },
        { "{{range .Empty}}{{.No}}{{if .Such}}{{end}}{{else}}none{{end}}", "none" },
        { "{{range .None}}x{{end}}", "" },
        { "{{if .Up}}up{{else}}down{{end}}", "up" },
        { "{{if .Code}}bad{{else}}good{{end}}{{if .Text}}x{{end}}{{if .Empty}}x{{end}}", "good" },
        { "{{.Labels}} {{.Mounts}}{{.None}}",
          "map[a.b:c] [map[Modes:[ro z] Source:/a] map[Modes:[] Source:/b]]" },
        { "{{range $k, $v := .Labels}}{{$k}}={{$v}} {{end}}", "a.b=c " },
        { "{{range $i, $m := .Mounts}}{{$i}}{{$m.Source}}{{len $m.Modes}} {{end}}", "0/a2 1/b0 " },
        { "{{range $m := .Mounts}}{{println $m.Source}}{{end}}", "/a\n/b\n" },
        { "{{$x := .Name}}{{range .Args}}{{$x}}{{$x = .}}{{end}}{{$x}}", "webxy" },
        { "{{.Name | upper | printf \"%s-%5d|%-4s|%05d|%q\" \"a\" 7 \"b\" 42}}",
          "a-    7|b   |00042|\"WEB\"" },
        { "{{printf \"%.2s%%\" .Name}}{{printf \"%v %t %x\" .Args .Up 255}}", "we%[x y] true ff" },
        { "{{if eq .Name \"db\" \"web\"}}1{{end}}{{if ne .Code 0}}2{{end}}{{if lt .Code "
          "3}}3{{end}}",
          "13" },
        { "{{if and .Up (not .Code) (eq (len .Args) 2)}}yes{{end}}{{or .Text .Name}}", "yesweb" },
        { "{{if .Code}}a{{else if .Text}}b{{else if .Up}}c{{else}}d{{end}}.", "c." },
        { "{{with .Labels}}{{index . \"a.b\"}}{{end}}{{with .None}}x{{else}}{{.Name}}{{end}}",
          "cweb" },
        { "{{(index .Mounts 0).Source}} {{index (index .Mounts 1) \"Source\"}}", "/a /b" },
        { "{{index (split \"a/b/c\" \"/\") 2}}{{join (split \"a/b\" \"/\") \"}}\"}}", "ca}}b" },
        { "a  {{- .Name -}}  b {{/* }} */}}c{{- /* x */ -}} d", "awebb cd" },
        { "{{slice .Name 0 1}}{{slice .Name 1}}{{truncate .Name 9}}{{title .Name}}{{pad .Name 1 "
          "2}}.",
          "webwebWeb web  ." },
        { "{{.Name}} {{\"{{\"}} {{`a\"`}} {{print 1 2 \"x\" true}} {{nil}}",
          "web {{ a\" 1 2xtrue " },
        { "{{if .None}}{{range .Mounts}}x{{end}}{{else}}{{if .Up}}in{{end}}{{end}}", "in" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char text[256];
        Error error = { 0 };
        assert_int_equal(render(rows[i].format, text, sizeof(text), &error), 0);
        assert_string_equal(text, rows[i].text);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *format, *message;
    } rows[] = {
        { "{{.Name", "'{{' without '}}'" },
        { "{{.Nme}}", "there is no 'Nme' in '{{.Nme}}'" },
        { "{{printf \"%s\"}}", "wants more arguments" },
        { "{{printf \"x\" .Name}}", "wants fewer arguments" },
        { "{{printf \"%d\" .Name}}", "printf: %d: this is a string" },
        { "{{printf \"%w\" .Name}}", "there is no verb '%w'" },
        { "{{.Name | jsn}}", "there is no function 'jsn' (there are and, eq," },
        { "{{.Name | .Up}}", "'{{.Name | .Up}}' is not understood" },
        { "{{.Name .Up}}", "is not understood" },
        { "{{(.Name}}", "is not understood" },
        { "{{.Name\"x\"}}", "is not understood" },
        { "{{$y}}", "there is no variable '$y'" },
        { "{{range $k := .Args}}{{end}}{{$k}}", "there is no variable '$k'" },
        { "{{eq .Name 1}}", "a string and an integer cannot be compared" },
        { "{{eq .Name}}", "eq: 1 arguments are too few" },
        { "{{if .Up}}{{else foo}}{{end}}", "'{{foo}}' is not understood" },
        { "{{slice .Name 1 9}}", "slice: 'web' has 3 bytes" },
        { "{{}}", "'{{}}' is not understood" },
        { "{{$x = .Name}}", "there is no variable '$x'" },
        { "{{$x := }}", "is not understood" },
        { "{{range .Mounts}}x", "a block without {{end}}" },
        { "{{range .Name}}x{{end}}", "range: '.Name' is a string" },
        { "x{{end}}", "'{{end}}' without a block" },
        { "{{index .Args 2}}", "index 2: there are not so many" },
        { "{{index .Name \"x\"}}", "index: there is no 'x'" },
        { "{{join .Name \",\"}}", "join: this is a string" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char text[256];
        Error error = { 0 };
        if (render(rows[i].format, text, sizeof(text), &error) >= 0)
            fail_msg("%s: %s", rows[i].format, text);
        if (!strstr(error.message, rows[i].message))
            fail_msg("%s: %s", rows[i].format, error.message);
        assert_int_equal(error.kind, ERROR_USAGE);
    }
}

/* As deep as somebody likes, and no deeper than the stack. */
static void test_depth(void **state)
{
    (void)state;
    StrBuf format = { 0 };
    char text[16];
    Error error = { 0 };
    for (int i = 0; i < 10000; i++)
        strbuf_add(&format, "{{if .Up}}");
    assert_int_equal(render(strbuf_text(&format), text, sizeof(text), &error), -ELOOP);
    strbuf_clear(&format);
    strbuf_add(&format, "{{");
    for (int i = 0; i < 10000; i++)
        strbuf_add_char(&format, '(');
    strbuf_add(&format, "}}");
    assert_int_equal(render(strbuf_text(&format), text, sizeof(text), &error), -ELOOP);
    strbuf_done(&format);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_renders),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
