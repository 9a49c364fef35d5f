package sqlstore

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// owned is an item with the id of the subscription or license that it is of.
type owned struct {
	lockstep.Item
	owner string
}

func scanItem(row scanner) (owned, error) {
	var i owned
	var start, end int64
	err := row.Scan(&i.owner, &i.ID, &i.PriceID, &i.LookupKey, &i.ProductID, &i.ProductPlan, &i.Quantity, &start, &end)
	i.PeriodStart, i.PeriodEnd = moment(start), moment(end)
	return i, err
}

// itemsByOwner asks for the items of several subscriptions or licenses at once.
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

// replaceItems stores the items of one owner in place of those it had.
func (t *tx) replaceItems(ctx context.Context, deleteAll, insert Statement, owner string, items []lockstep.Item) error {
	if err := t.later(ctx, deleteAll, owner); err != nil {
		return fmt.Errorf("delete items of %s: %w", owner, err)
	}
	for _, i := range items {
		err := t.later(ctx, insert, owner, i.ID, i.PriceID, i.LookupKey, i.ProductID, i.ProductPlan, i.Quantity,
			millis(i.PeriodStart), millis(i.PeriodEnd))
		if err != nil {
			return fmt.Errorf("store item %s of %s: %w", i.ID, owner, err)
		}
	}
	return nil
}
