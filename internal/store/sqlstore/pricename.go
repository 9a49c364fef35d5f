package sqlstore

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

const (
	// upsertPriceName gives each name of a price a different time, so the names have an order.
	upsertPriceName Statement = `
insert into price_names (price_id, lookup_key, product_id, product_plan, seen_at)
select cast($1 as text), cast($2 as text), cast($3 as text), cast($4 as text),
	case when last >= cast($5 as bigint) then last + 1 else cast($5 as bigint) end
from (select coalesce(max(seen_at), 0) as last from price_names where price_id = $1) seen
where true
on conflict (price_id, lookup_key) do update set product_plan = excluded.product_plan
where price_names.product_plan = '' and excluded.product_plan <> ''`

	selectPriceNames Statement = `
select price_id, lookup_key, product_id, product_plan, seen_at
from price_names where price_id = $1
order by seen_at, lookup_key`

	// selectHeldPrices counts items together that give the same plan for the same reason.
	selectHeldPrices Statement = `
select price_id, lookup_key, product_id, product_plan, lookup_keys, bought_as, sibling_keys, plan_named,
	cast(sum(subscriptions) as bigint), cast(sum(licenses) as bigint)
from (
	select i.price_id, i.lookup_key, i.product_id, i.product_plan, i.lookup_keys, i.bought_as, i.sibling_keys,
		s.plan_named,
		1 as subscriptions, 0 as licenses
	from subscription_items i join subscriptions s on s.id = i.subscription_id
	where s.status not in ('canceled', 'incomplete_expired', 'incomplete')
	union all
	select i.price_id, i.lookup_key, i.product_id, i.product_plan, i.lookup_keys, i.bought_as, i.sibling_keys,
		l.plan_named, 0, 1
	from license_items i join licenses l on l.id = i.license_id
	where l.status = 'active'
) held
group by price_id, lookup_key, product_id, product_plan, lookup_keys, bought_as, sibling_keys, plan_named
order by price_id, lookup_keys, bought_as, sibling_keys, plan_named
limit $1 + 0`
)

// NamePrices implements [lockstep.PriceNames].
func (s *Store) NamePrices(ctx context.Context, seen []lockstep.PriceName) ([]lockstep.PriceName, error) {
	var names []lockstep.PriceName
	err := s.write(ctx, func(t *tx) error {
		names = nil // a transaction may be repeated
		read := map[string]bool{}
		for _, n := range seen {
			t.queue(upsertPriceName, n.PriceID, n.LookupKey, n.ProductID, n.ProductPlan, t.now())
		}
		for _, n := range seen {
			if read[n.PriceID] {
				continue
			}
			read[n.PriceID] = true
			some, err := collect(ctx, t, scanPriceName, selectPriceNames, n.PriceID)
			if err != nil {
				return fmt.Errorf("read the names of price %s: %w", n.PriceID, err)
			}
			names = append(names, some...)
		}
		return nil
	})
	return wrap(names, err, "name prices")
}

// NamesOf implements [lockstep.PriceNames].
func (s *Store) NamesOf(ctx context.Context, priceIDs ...string) (names []lockstep.PriceName, err error) {
	for _, id := range priceIDs {
		some, err := all(ctx, s, scanPriceName, selectPriceNames, id)
		if err != nil {
			return nil, fmt.Errorf("read the names of price %s: %w", id, err)
		}
		names = append(names, some...)
	}
	return names, nil
}

func scanPriceName(row sqlrun.Scanner) (lockstep.PriceName, error) {
	var n lockstep.PriceName
	var seenAt int64
	err := row.Scan(&n.PriceID, &n.LookupKey, &n.ProductID, &n.ProductPlan, &seenAt)
	n.SeenAt = moment(seenAt)
	return n, err
}

// HeldPrices implements [lockstep.HeldPrices].
func (s *Store) HeldPrices(ctx context.Context, limit int) ([]lockstep.HeldPrice, error) {
	held, err := all(ctx, s, scanHeldPrice, selectHeldPrices, limit)
	return wrap(held, err, "list held prices")
}

func scanHeldPrice(row sqlrun.Scanner) (lockstep.HeldPrice, error) {
	var h lockstep.HeldPrice
	var keys, siblings string
	i := &h.Item
	err := row.Scan(&i.PriceID, &i.LookupKey, &i.ProductID, &i.ProductPlan, &keys, &i.BoughtAs, &siblings, &h.PlanNamed,
		&h.Subscriptions, &h.Licenses)
	if err != nil {
		return h, err
	}
	if i.Keys, err = listed(keys); err == nil {
		i.SiblingKeys, err = listed(siblings)
	}
	return h, err
}
