package sqlstore

import (
	"regexp"
	"sort"
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
// database has no arrays: a statement costs more than ten rows of it. To say a row twice in
// one of them does no more than to say it once.
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

// lengths are those of repetitions. So many that not much is said twice; so few that all stay
// prepared.
var lengths = []int{2, 4, 8, 12, 16, 24, 32, 48, 64}

// repeat makes repetitions of a statement with one row of values, the shortest first.
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
	for _, n := range lengths {
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

// underLock says a statement for all of rows: in one, if there are not too many, of which the last
// row is said again to fill it up.
func underLock(s Statement, rows [][]any, say func(Statement, []any) error) error {
	for len(rows) > 0 {
		n, statement, args := 1, s, rows[0]
		if repetitions := repeated[s]; len(rows) > 1 && repetitions != nil {
			longest := len(repetitions) - 1
			at := min(sort.Search(longest, func(i int) bool { return repetitions[i].rows >= len(rows) }), longest)
			r := repetitions[at]
			n = min(r.rows, len(rows))
			statement, args = r.text, r.arguments(rows[:n])
		}
		if err := say(statement, args); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// arguments are those of the statement for these rows.
func (r repetition) arguments(rows [][]any) []any {
	args := make([]any, 0, r.rows*len(r.each)+len(r.after))
	for n := range r.rows {
		row := rows[min(n, len(rows)-1)]
		for _, i := range r.each {
			args = append(args, row[i])
		}
	}
	for _, i := range r.after {
		args = append(args, rows[0][i])
	}
	return args
}
