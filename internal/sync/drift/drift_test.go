package drift

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Each field of a record, of its subscriptions, items, licenses and links is compared, unless it is listed
// as bookkeeping or not stored. So will fields that are added later.
func TestEachFieldIsCompared(t *testing.T) {
	t.Parallel()
	item := lockstep.Item{ID: "si_1"}
	sub := lockstep.Subscription{ID: "sub_1", Items: []lockstep.Item{item}}
	was := lockstep.Record{Subscriptions: []lockstep.Subscription{sub}, Licenses: []lockstep.License{{ID: "cs_1"}},
		Further: []lockstep.Link{{CustomerID: "cus_2"}}}
	unkept := []string{"InvoiceID", "InvoiceURL", "InvoiceDue", "ScheduleID", "Metadata", "LatestInvoice", "Account"}
	checked := 0
	each := func(of reflect.Type, skip func(name string) bool, within func(*lockstep.Record) reflect.Value) {
		for i := range of.NumField() {
			name := of.Field(i).Name
			now := was
			now.Subscriptions = []lockstep.Subscription{sub}
			now.Subscriptions[0].Items = []lockstep.Item{item}
			now.Licenses, now.Further = slices.Clone(was.Licenses), slices.Clone(was.Further)
			field := within(&now).Field(i)
			if field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct {
				continue // compared by their own fields
			}
			field.Set(another(field))
			checked++
			if found := Records(was, now); (len(found) > 0) == skip(name) {
				t.Errorf("%s.%s changed: %+v", of, name, found)
			}
		}
	}
	each(reflect.TypeFor[lockstep.Record](), func(name string) bool { return bookkeeping[name] },
		func(r *lockstep.Record) reflect.Value { return reflect.ValueOf(r).Elem() })
	notKept := func(name string) bool { return slices.Contains(unkept, name) }
	each(reflect.TypeFor[lockstep.Subscription](), notKept,
		func(r *lockstep.Record) reflect.Value { return reflect.ValueOf(&r.Subscriptions[0]).Elem() })
	each(reflect.TypeFor[lockstep.Item](), notKept,
		func(r *lockstep.Record) reflect.Value { return reflect.ValueOf(&r.Subscriptions[0].Items[0]).Elem() })
	each(reflect.TypeFor[lockstep.License](), notKept,
		func(r *lockstep.Record) reflect.Value { return reflect.ValueOf(&r.Licenses[0]).Elem() })
	each(reflect.TypeFor[lockstep.Link](), notKept,
		func(r *lockstep.Record) reflect.Value { return reflect.ValueOf(&r.Further[0]).Elem() })
	if checked < 60 {
		t.Errorf("only %d fields were checked", checked)
	}
}

// another returns a different value of the same type.
func another(v reflect.Value) reflect.Value {
	n := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		n.SetString(v.String() + "x")
	case reflect.Bool:
		n.SetBool(!v.Bool())
	case reflect.Int, reflect.Int64:
		n.SetInt(v.Int() + 1)
	case reflect.Slice:
		n.Set(reflect.MakeSlice(v.Type(), 1, 1))
		n.Index(0).Set(another(n.Index(0)))
	case reflect.Map:
		n.Set(reflect.MakeMap(v.Type()))
		n.SetMapIndex(reflect.ValueOf("x"), reflect.New(v.Type().Elem()).Elem())
	case reflect.Pointer:
		n.Set(reflect.New(v.Type().Elem()))
	default:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return reflect.ValueOf(time.Unix(1, 0))
		}
		n.Field(0).Set(another(n.Field(0)))
	}
	return n
}

// A difference says that a personal value differs, or is missing, and not which it is.
func TestPersonalValuesAreNotShown(t *testing.T) {
	t.Parallel()
	was := lockstep.Record{Email: "ada@example.com", CustomerEmail: "ada@example.com"}
	now := lockstep.Record{Email: "eve@example.com", Name: "Eve", CustomerEmail: "eve@example.com", CustomerName: "Eve"}
	found := Records(was, now)
	want := []lockstep.Difference{
		{Where: lockstep.DriftDatabase, Field: "email", Ours: lockstep.NotShown, Expected: lockstep.NotShown},
		{Where: lockstep.DriftDatabase, Field: "name", Expected: lockstep.NotShown}}
	if !slices.Equal(found, want) {
		t.Errorf("got %+v, want %+v", found, want)
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	type object = map[string]any
	for name, c := range map[string]struct {
		v    Versions
		want string // where field: ours, theirs, expected; several are joined
	}{
		"all agree":   {Versions{object{"plan": "pro"}, object{"plan": "pro"}, object{"plan": "pro"}}, ""},
		"not our key": {Versions{nil, object{"theme": "dark"}, object{"theme": "light"}}, ""},
		"edited": {Versions{object{"plan": "pro"}, object{"plan": "gold"}, object{"plan": "pro"}},
			"identity metadata.plan: pro, gold, pro"},
		"removed": {Versions{object{"plan": "pro"}, nil, object{"plan": "pro"}}, "identity metadata.plan: pro, , pro"},
		"outdated": {Versions{object{"plan": "pro"}, object{"plan": "pro"}, object{}},
			"identity metadata.plan: pro, pro, "},
		"our note alone": {Versions{object{"plan": "basic"}, object{"plan": "pro"}, object{"plan": "pro"}},
			"database metadata.plan: basic, pro, pro"},
		"within an object": {Versions{object{"billing": object{"active": true, "seats": 2.0}},
			object{"billing": object{"active": false, "seats": 2.0}},
			object{"billing": object{"active": true, "seats": 2.0}}}, "identity metadata.billing.active: true, false, true"},
		"an object for a word": {Versions{object{"billing": object{"active": true}}, object{"billing": "none"},
			object{"billing": object{"active": true}}},
			`identity metadata.billing: {"active":true}, none, {"active":true}`},
		"an address": {Versions{object{"plan": "pro"}, object{"plan": "eve@example.com"}, object{"plan": "pro"}},
			"identity metadata.plan: pro, (not shown), pro"},
		"a name in an object": {Versions{nil, object{"billing": object{"who": "Eve Smith"}}, nil},
			"identity metadata.billing.who: , (not shown), "},
	} {
		var got []string
		for _, d := range Metadata(c.v, []string{"", "plan", "billing"}) {
			got = append(got, string(d.Where)+" "+d.Field+": "+strings.Join([]string{d.Ours, d.Theirs, d.Expected}, ", "))
		}
		if text := strings.Join(got, "; "); text != c.want {
			t.Errorf("%s: %q, want %q", name, text, c.want)
		}
	}
}

// The directory merges deeply, and nil removes.
func TestMerged(t *testing.T) {
	t.Parallel()
	type object = map[string]any
	have := object{"plan": "pro", "billing": object{"active": true, "seats": 2.0}, "theme": "dark"}
	got := Merged(have, object{"plan": nil, "billing": object{"seats": nil, "until": 5.0}})
	want := object{"billing": object{"active": true, "until": 5.0}, "theme": "dark"}
	if !reflect.DeepEqual(got, want) || have["plan"] != "pro" || len(have["billing"].(object)) != 2 {
		t.Errorf("got %v, want %v; the original is %v", got, want, have)
	}
}

// What a price is called is no drift of an account, and moving to another price is.
func TestFound(t *testing.T) {
	t.Parallel()
	record := func(i lockstep.Item, customer string) lockstep.Record {
		i.ID = "si_1"
		return lockstep.Record{CustomerID: customer,
			Subscriptions: []lockstep.Subscription{{ID: "sub_1", Items: []lockstep.Item{i}}}}
	}
	was := record(lockstep.Item{PriceID: "price_1", LookupKey: "pro"}, "cus_1")
	for name, c := range map[string]struct {
		now      lockstep.Record
		metadata bool
		want     []lockstep.DriftPlace
	}{
		"nothing":         {now: was},
		"a renamed price": {now: record(lockstep.Item{PriceID: "price_1", LookupKey: "gold", Keys: []string{"pro"}}, "cus_1")},
		"another price": {now: record(lockstep.Item{PriceID: "price_2"}, "cus_1"),
			want: []lockstep.DriftPlace{lockstep.DriftDatabase}},
		"a link and the metadata": {now: record(lockstep.Item{PriceID: "price_1", LookupKey: "pro"}, "cus_2"), metadata: true,
			want: []lockstep.DriftPlace{lockstep.DriftLink, lockstep.DriftIdentity}},
	} {
		if got := Found(was, c.now, c.metadata); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
