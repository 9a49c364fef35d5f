package listing

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// DeliveriesTo reads deliveries to the endpoint $1 with the time of their next try: those before the time $2 and the
// subject $3, at most $4.
const DeliveriesTo = `
select endpoint, subject, state, status, reason, attempts, sequence, began_at, at, coalesce((select w.run_at from work w
	where w.key = 'hook/' || d.endpoint || '/' || d.subject and w.generation > w.done_generation), 0)
from hook_deliveries d where endpoint = $1 and (at, subject) < ($2, $3)
order by at desc, subject desc limit $4 + 0`

// WebhookDeliveries implements [lockstep.Webhooks].
func (l *Lists) WebhookDeliveries(ctx context.Context, endpoint string,
	f lockstep.DeliveryFilter) (page lockstep.DeliveryPage, err error) {
	at, err := parseInstant(f.Before)
	if err != nil {
		return page, fmt.Errorf("list deliveries to %s: %w", endpoint, err)
	}
	pages := latest[lockstep.ListedDelivery]{limit: limitOf(f.Limit), filtered: f.State != "",
		lists: func(d lockstep.ListedDelivery) bool { return f.State == "" || f.State == d.State },
		place: func(d lockstep.ListedDelivery) instant { return instant{d.UpdatedAt.UnixMilli(), d.Subject} }}
	read, err := rows(ctx, l, scanDelivery, DeliveriesTo, endpoint, at.at, at.id, int64(pages.rows()))
	if err != nil {
		return page, fmt.Errorf("list deliveries to %s: %w", endpoint, err)
	}
	page.Deliveries, page.Next = pages.page(read)
	return page, nil
}

func scanDelivery(row sqlrun.Scanner) (d lockstep.ListedDelivery, err error) {
	var beganAt, at, next int64
	err = row.Scan(&d.Endpoint, &d.Subject, &d.State, &d.Status, &d.Reason, &d.Attempts, &d.Sequence, &beganAt, &at, &next)
	d.BeganAt, d.UpdatedAt, d.NextTry = moment(beganAt), moment(at), moment(next)
	return d, err
}
