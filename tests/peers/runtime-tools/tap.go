// Package tap writes test results in the Test Anything Protocol, as much of it as the OCI
// runtime-tools' validation programs use. It stands in for github.com/mndrix/tap-go, which Debian
// does not have: the build puts it in that package's place.
package tap

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// T counts the results of one program.
type T struct {
	Writer io.Writer
	next   *int
	todo   bool
}

// New returns one that writes to standard output.
func New() *T {
	first := 1
	return &T{Writer: os.Stdout, next: &first}
}

// Header begins the output; a count of 0 leaves the plan to AutoPlan.
func (t *T) Header(count int) {
	fmt.Fprintln(t.Writer, "TAP version 13")
	if count > 0 {
		fmt.Fprintf(t.Writer, "1..%d\n", count)
	}
}

// AutoPlan writes the plan when all results are there.
func (t *T) AutoPlan() {
	fmt.Fprintf(t.Writer, "1..%d\n", *t.next-1)
}

// Ok writes one result.
func (t *T) Ok(passed bool, description string) {
	word := "ok"
	if !passed {
		word = "not ok"
	}
	if t.todo {
		description += " # TODO"
	}
	fmt.Fprintf(t.Writer, "%s %d - %s\n", word, *t.next, description)
	*t.next++
}

// Pass and Fail are results that are known beforehand.
func (t *T) Pass(description string) { t.Ok(true, description) }
func (t *T) Fail(description string) { t.Ok(false, description) }

// Skip writes results that were not sought.
func (t *T) Skip(count int, description string) {
	for i := 0; i < count; i++ {
		fmt.Fprintf(t.Writer, "ok %d # SKIP %s\n", *t.next, description)
		*t.next++
	}
}

// Todo gives a writer of results that may fail.
func (t *T) Todo() *T {
	return &T{Writer: t.Writer, next: t.next, todo: true}
}

// Diagnostic writes a comment.
func (t *T) Diagnostic(message string) {
	fmt.Fprintf(t.Writer, "# %s\n", strings.ReplaceAll(message, "\n", "\n# "))
}

// Diagnosticf is Diagnostic with a format.
func (t *T) Diagnosticf(format string, arguments ...interface{}) {
	t.Diagnostic(fmt.Sprintf(format, arguments...))
}

// YAML attaches details to the last result; JSON is YAML.
func (t *T) YAML(details interface{}) error {
	text, err := json.MarshalIndent(details, "  ", "  ")
	if err == nil {
		fmt.Fprintf(t.Writer, "  ---\n  %s\n  ...\n", text)
	}
	return err
}
