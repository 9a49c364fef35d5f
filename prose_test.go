package lockstep_test

import (
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// proseIn lists where the tests of this file check Markdown and Go comments: files, folders
// (ending in /), or "." for everything.
var proseIn = []string{"."}

// columns is the longest line of Markdown, and the longest cell of a table.
const columns = 100

// generated starts a table that a program writes from names in the code.
const generated = "<!-- the table: make "

// banned lists phrases that a reader has to decode, and what to write instead.
var banned = []struct {
	phrase  *regexp.Regexp
	instead string
}{
	{phrase(`for good`), "permanently, forever"},
	{phrase(`anew`), "again, from the start"},
	{phrase(`by and by`), "gradually"},
	{phrase(`by turns`), "alternately"},
	{phrase(`in vain`), "without success"},
	{phrase(`begun`), "started"},
	{phrase(`(is|are|was|were|be) told`), "the actor: Lockstep notifies, you tell"},
	{phrase(`(there )?(is|are|was|were) none`), "what is wrong, or what to do"},
	{phrase(`(is|are|was|were|be|been) (waited for|asked for|looked (at|after))`), "who does it, in the active voice"},
	{phrase(`of (which|whom)|for (whom|whose sake)`), "two sentences, or a clause that starts with its subject"},
	{phrase(`whose (it is|they are|\w+ (it|he|she) is|\w+ they are)`), "who owns it: the customer's account"},
	{phrase(`so that (nobody|no one|nothing|none)`), "the result itself: so two tabs cannot create two customers"},
	{phrase(`what there is`), "the thing itself"},
	{phrase(`as (it is|they are) now`), "current"},
	{phrase(`has (itself|it|them) \w+ed`), "the actor: schedules itself"},
	{phrase(`no such thing`), "what was not found"},
	{phrase(`do(es)? well to`), "should"},
}

func phrase(words string) *regexp.Regexp { return regexp.MustCompile(`(?i)\b(?:` + words + `)\b`) }

func TestProseIsPlain(t *testing.T) {
	t.Parallel()
	for _, name := range proseFiles(t) {
		p := comments
		if filepath.Ext(name) == ".md" {
			p = paragraphs
		}
		text := p(t, name)
		for _, b := range banned {
			for _, at := range b.phrase.FindAllStringIndex(text.words, -1) {
				if strings.HasPrefix(strings.ToLower(text.words[at[0]:at[1]]), "there ") {
					continue // "if there is none" is plain English
				}
				t.Errorf("%s:%d: %q; write instead: %s", name, text.line(at[0]), text.words[at[0]:at[1]], b.instead)
			}
		}
	}
}

func TestMarkdownIsWrapped(t *testing.T) {
	t.Parallel()
	for _, name := range proseFiles(t) {
		if filepath.Ext(name) != ".md" {
			continue
		}
		for _, l := range markdown(t, name) {
			switch {
			case l.code, l.generated:
			case strings.HasPrefix(l.text, "|"):
				for cell := range strings.SplitSeq(l.text, "|") {
					if n := utf8.RuneCountInString(strings.TrimSpace(cell)); n > columns {
						t.Errorf("%s:%d: a cell of %d columns; turn the table into a list, or wrap at %d",
							name, l.number, n, columns)
					}
				}
			case strings.Contains(l.text, "](") || strings.Contains(l.text, "://"):
			case utf8.RuneCountInString(l.text) > columns:
				t.Errorf("%s:%d: %d columns; wrap at %d", name, l.number, utf8.RuneCountInString(l.text), columns)
			}
		}
	}
}

// proseFiles returns the tracked files that [proseIn] names.
func proseFiles(t *testing.T) []string {
	t.Helper()
	tracked, err := exec.CommandContext(t.Context(), "git", "ls-files", "*.md", "*.go").Output()
	if err != nil {
		t.Fatalf("list the tracked files with git: %v", err)
	}
	names := slices.DeleteFunc(strings.Fields(string(tracked)), func(name string) bool {
		return !slices.ContainsFunc(proseIn, func(in string) bool {
			return in == "." || name == in || strings.HasSuffix(in, "/") && strings.HasPrefix(name, in)
		})
	})
	if len(names) < len(proseIn) {
		t.Fatalf("found %d files for %d entries of proseIn", len(names), len(proseIn))
	}
	return names
}

// prose is text without its line breaks, so that a phrase is found across two lines.
type prose struct {
	words   string
	starts  []int // where in words each line starts
	numbers []int // the line's number in the file
}

func (p *prose) add(number int, text string) {
	p.starts, p.numbers = append(p.starts, len(p.words)), append(p.numbers, number)
	p.words += strings.TrimSpace(text) + " "
}

// line returns the number of the line that holds words[at].
func (p *prose) line(at int) int {
	i, found := slices.BinarySearch(p.starts, at)
	if !found {
		i--
	}
	return p.numbers[i]
}

// comments returns the comments of a Go file.
func comments(t *testing.T, name string) *prose {
	t.Helper()
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, name, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	p := &prose{}
	for _, group := range parsed.Comments {
		for _, c := range group.List {
			number := files.Position(c.Slash).Line
			for i, text := range strings.Split(c.Text, "\n") {
				p.add(number+i, strings.Trim(text, "/* \t"))
			}
		}
		p.words += "\n" // a phrase does not reach into the next comment
	}
	return p
}

var codeSpan = regexp.MustCompile("`[^`]*`")

// paragraphs returns the prose of a Markdown file, without code.
func paragraphs(t *testing.T, name string) *prose {
	t.Helper()
	p := &prose{}
	for _, l := range markdown(t, name) {
		if !l.code && !l.generated {
			p.add(l.number, codeSpan.ReplaceAllString(l.text, "`…`"))
		}
		if strings.TrimSpace(l.text) == "" {
			p.words += "\n"
		}
	}
	return p
}

type markdownLine struct {
	number    int
	text      string
	code      bool // in a fenced or an indented block
	generated bool // in a table that a program writes
}

// markdown reads a file. Indented lines are code where they follow an empty line or code.
func markdown(t *testing.T, name string) (lines []markdownLine) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	fenced, indented, written := false, false, false
	blank := true
	for i, line := range strings.Split(string(text), "\n") {
		fence := strings.HasPrefix(strings.TrimSpace(line), "```")
		if strings.HasPrefix(line, generated) {
			written = true
		}
		indented = !fenced && strings.HasPrefix(line, "    ") && (blank || indented)
		lines = append(lines, markdownLine{i + 1, line, fenced || fence || indented, written})
		if fence {
			fenced = !fenced
		}
		blank = strings.TrimSpace(line) == ""
	}
	return lines
}
