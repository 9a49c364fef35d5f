package sqlstore

import (
	"regexp"
	"strconv"
	"strings"
)

const (
	// selectKnownOf is SelectKnown for the values of several events.
	selectKnownOf Statement = `
with asked (source, id) as (values ($1, $2))
select e.source, e.id from asked cross join events e on e.source = asked.source and e.id = asked.id`

	// selectLinkedOf is SelectLinked for the values of several customers.
	selectLinkedOf Statement = `
with asked (id) as (values ($1))
select f.customer_id, f.kind, f.id from asked cross join former_customers f on f.customer_id = asked.id
union all
select a.customer_id, a.kind, a.id from asked cross join accounts a on a.customer_id = asked.id`
)

// repeated are the statements that can be said for several rows at once, where the
// database has no arrays: a statement costs more than a row of it.
var repeated = map[Statement][]repetition{
	SelectKnown:  repeat(selectKnownOf),
	SelectLinked: repeat(selectLinkedOf),
	UpsertMark:   repeat(UpsertMark),
	InsertEvent:  repeat(InsertEvent),
}

// repetition is a statement for a number of rows. Its parameters have no numbers, because
// there are many.
type repetition struct {
	rows  int
	text  Statement
	each  []int // which of a row's parameters its values are, from 0
	after []int // the parameters that follow, which are the same in all rows
}

// repeat makes repetitions of a statement with one row of values, the longest first.
// So many lengths that what is left over is one row at most; so few that all stay prepared.
func repeat(s Statement) (all []repetition) {
	from := strings.Index(string(s), "values (") + len("values ")
	end := from
	for depth := 0; depth > 0 || end == from; end++ {
		switch s[end] {
		case '(':
			depth++
		case ')':
			depth--
		}
	}
	values, each := unnumbered(string(s[from:end]))
	rest, after := unnumbered(string(s[end:]))
	for _, n := range []int{64, 32, 16, 8, 4, 2} {
		text := string(s[:from]) + values + strings.Repeat(", "+values, n-1) + rest
		all = append(all, repetition{n, Statement(text), each, after})
	}
	return all
}

var parameter = regexp.MustCompile(`\$\d+`)

// unnumbered takes the numbers from parameters, and returns which they were, from 0.
func unnumbered(text string) (without string, which []int) {
	without = parameter.ReplaceAllStringFunc(text, func(p string) string {
		n, err := strconv.Atoi(p[1:])
		if err != nil {
			panic(err) // it is made of digits
		}
		which = append(which, n-1)
		return "?"
	})
	return without, which
}

// arguments are those of the statement for these rows.
func (r repetition) arguments(rows [][]any) []any {
	args := make([]any, 0, len(rows)*len(r.each)+len(r.after))
	for _, row := range rows {
		for _, i := range r.each {
			args = append(args, row[i])
		}
	}
	for _, i := range r.after {
		args = append(args, rows[0][i])
	}
	return args
}
