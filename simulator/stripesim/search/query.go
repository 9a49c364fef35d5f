package search

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
)

// maxClauses is the largest number of clauses in a query.
const maxClauses = 10

// clause is one condition of a search query.
type clause struct {
	negated  bool
	field    string // a path, or metadata
	key      string // for metadata
	operator string // : ~ > < >= <= =
	value    string
	null     bool // value is null; the clause asks whether the field exists
}

// query is a parsed search query. It matches all of its clauses, or any of
// them.
type query struct {
	clauses []clause
	any     bool
}

// The kind of a field determines its operators. Comparisons ignore case.
type fieldKind int

const (
	token   fieldKind = iota // : for the whole value
	text                     // : and ~ for a part of three or more characters
	numeric                  // : = > < >= <=
)

var (
	clauseStart = regexp.MustCompile(`^(-?)([a-zA-Z_][a-zA-Z0-9_.]*)(?:\[("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\])?(>=|<=|[:~><=])`)
	valueStart  = regexp.MustCompile(`^("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"']+)`)
	joinStart   = regexp.MustCompile(`^(?i)\s+(?:(AND|OR)\s+)?`)
	escaped     = regexp.MustCompile(`\\(.)`)
)

// parseQuery parses Stripe's search query language (docs.stripe.com/search):
// clauses joined by AND or a space, or all by OR.
func parseQuery(source string) (query, *api.Error) {
	var parsed query
	rest, joins := strings.TrimSpace(source), map[string]bool{}
	for {
		start := clauseStart.FindStringSubmatch(rest)
		if start == nil {
			return query{}, unparsable(source)
		}
		rest = rest[len(start[0]):]
		value := valueStart.FindString(rest)
		if value == "" {
			return query{}, unparsable(source)
		}
		rest = rest[len(value):]
		parsed.clauses = append(parsed.clauses, clause{negated: start[1] != "", field: start[2], key: unquote(start[3]),
			operator: start[4], value: unquote(value), null: strings.EqualFold(value, "null")})
		if rest == "" {
			break
		}
		join := joinStart.FindStringSubmatch(rest)
		if join == nil {
			return query{}, unparsable(source)
		}
		rest = rest[len(join[0]):]
		joins[map[bool]string{true: "OR", false: "AND"}[strings.EqualFold(join[1], "OR")]] = true
	}
	switch {
	case joins["AND"] && joins["OR"]:
		return query{}, api.Invalid("query", "Search queries cannot mix AND and OR.")
	case len(parsed.clauses) > maxClauses:
		return query{}, api.Invalid("query", "Search queries can have up to %d clauses.", maxClauses)
	}
	parsed.any = joins["OR"]
	return parsed, nil
}

func unparsable(source string) *api.Error {
	return api.Invalid("query", "We were unable to parse your search query. The simulator read %q. See https://docs.stripe.com/search#search-query-language.", source)
}

func unquote(value string) string {
	if len(value) < 2 || value[0] != '"' && value[0] != '\'' {
		return value
	}
	return escaped.ReplaceAllString(value[1:len(value)-1], "$1")
}

// check refuses fields that the resource does not have, and operators that a
// field does not take.
func (q query) check(resource string, fields map[string]fieldKind) *api.Error {
	for _, c := range q.clauses {
		kind, known := fields[c.field]
		switch {
		case !known || (c.field == "metadata") != (c.key != ""):
			return api.Invalid("query", "Field `%s` is an unsupported search field for resource `%s`. See http://stripe.com/docs/search#query-fields-for-%s for a list of supported fields.",
				c.field, resource, strings.ReplaceAll(resource, "_", "-"))
		case c.null && c.operator != ":", !slices.Contains(map[fieldKind][]string{token: {":"}, text: {":", "~"},
			numeric: {":", "=", ">", "<", ">=", "<="}}[kind], c.operator):
			return api.Invalid("query", "The operator `%s` cannot be used with the field `%s`.", c.operator, c.field)
		case c.operator == "~" && len([]rune(c.value)) < 3:
			return api.Invalid("query", "Substring searches need at least 3 characters.")
		case kind == numeric && !c.null && !isNumber(c.value):
			return api.Invalid("query", "The field `%s` is numeric, but `%s` is not a number.", c.field, c.value)
		}
	}
	return nil
}

func isNumber(value string) bool {
	_, err := strconv.ParseInt(value, 10, 64)
	return err == nil
}

// matches reports whether an object matches. read returns its fields as text;
// ok is false for null.
func (q query) matches(read func(field, key string) (value string, ok bool)) bool {
	for _, c := range q.clauses {
		value, ok := read(c.field, c.key)
		if c.holds(value, ok) == q.any {
			return q.any
		}
	}
	return !q.any
}

func (c clause) holds(value string, ok bool) bool {
	var holds bool
	switch {
	case c.null:
		holds = !ok
	case !ok:
	case c.operator == "~":
		holds = strings.Contains(strings.ToLower(value), strings.ToLower(c.value))
	case c.operator == ":":
		holds = strings.EqualFold(value, c.value)
	default:
		holds = c.compares(value)
	}
	return holds != c.negated
}

func (c clause) compares(value string) bool {
	have, haveErr := strconv.ParseInt(value, 10, 64)
	want, wantErr := strconv.ParseInt(c.value, 10, 64)
	if haveErr != nil || wantErr != nil {
		return false
	}
	switch c.operator {
	case ">":
		return have > want
	case ">=":
		return have >= want
	case "<":
		return have < want
	case "<=":
		return have <= want
	}
	return have == want
}
