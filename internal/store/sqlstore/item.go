package sqlstore

import (
	"context"
	"encoding/json"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// owned is an item with the id of its subscription or license.
type owned struct {
	lockstep.Item
	owner string
}

func scanItem(row sqlrun.Scanner) (owned, error) {
	var i owned
	var start, end int64
	var keys, siblings string
	err := row.Scan(&i.owner, &i.ID, &i.PriceID, &i.LookupKey, &i.ProductID, &i.ProductPlan, &i.Quantity, &start, &end,
		&keys, &i.BoughtAs, &siblings)
	if err != nil {
		return i, err
	}
	i.PeriodStart, i.PeriodEnd = moment(start), moment(end)
	if i.Keys, err = listed(keys); err == nil {
		i.SiblingKeys, err = listed(siblings)
	}
	return i, err
}

// listing is a list as the database stores it; no list is an empty text.
func listing(list []string) (string, error) {
	if len(list) == 0 {
		return "", nil
	}
	text, err := json.Marshal(list)
	return string(text), err
}

// listed reads what listing wrote.
func listed(text string) (list []string, err error) {
	if text == "" {
		return nil, nil
	}
	return list, json.Unmarshal([]byte(text), &list)
}

// itemsOf asks for the items of the subscriptions or licenses that owners asks for.
func itemsOf[T any](ctx context.Context, t *tx, owners func() ([]T, error), s Statement,
	args ...any) func() (map[string][]lockstep.Item, error) {
	answer := t.itemsByOwner(ctx, s, args...)
	t.queued[len(t.queued)-1].Skip = func() bool {
		found, err := owners()
		return err == nil && len(found) == 0
	}
	return answer
}

// itemsByOwner asks for the items of several subscriptions or licenses.
func (t *tx) itemsByOwner(ctx context.Context, s Statement, args ...any) func() (map[string][]lockstep.Item, error) {
	answer := ask(ctx, t, scanItem, s, args...)
	return func() (map[string][]lockstep.Item, error) {
		found, err := answer()
		items := map[string][]lockstep.Item{}
		for _, i := range found {
			items[i.owner] = append(items[i.owner], i.Item)
		}
		return items, err
	}
}

// replaceItems replaces the items of one owner.
func (t *tx) replaceItems(deleteAll, insert Statement, owner string, items []lockstep.Item) error {
	t.queue(deleteAll, owner)
	for _, i := range items {
		keys, err := listing(i.Keys)
		if err != nil {
			return err
		}
		siblings, err := listing(i.SiblingKeys)
		if err != nil {
			return err
		}
		t.queue(insert, owner, i.ID, i.PriceID, i.LookupKey, i.ProductID, i.ProductPlan, i.Quantity,
			millis(i.PeriodStart), millis(i.PeriodEnd), keys, i.BoughtAs, siblings)
	}
	return nil
}
