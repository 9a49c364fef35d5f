package reconcile

import (
	"time"

	"github.com/lockstep-dev/lockstep"
)

// observed is what a run has read. Stages pass it on by value.
type observed struct {
	sighting
	holding
	primary *lockstep.Customer // as read in this run; nil: not read
	made    bool               // this run has created the primary customer
}

// holding says how the backfill's hold affects an account.
type holding struct {
	held       bool     // it must keep what it has
	candidates []string // customers that could be its own
}

// rules are the operator's settings that decisions need.
type rules struct {
	catalog      lockstep.Catalog
	keys         lockstep.ProjectionKeys
	limitMembers bool // by paid seats, and the directory can
	renewals     bool // announce them
}

func (as *Accounts) rules() rules {
	return rules{as.Catalog, as.Keys, as.Policies.Seats.LimitMembers && as.Providers.Limiter != nil, as.Policies.Renewals}
}

// decided is what a run has concluded, and all that it writes at its end.
type decided struct {
	record   lockstep.Record // for the database
	notices  []lockstep.Notice
	metadata *projection // for the directory; nil: it does not know the account
	limit    int64       // of members, for the directory; 0: it stays
	quiet    bool        // nothing but the database and the metadata is written
	look     Result      // when to run again
	at       time.Time
}

// decide concludes from the record, as the database has it and as this run knows it, and from what
// was observed. It reads and writes nothing.
func (r rules) decide(was, now lockstep.Record, o observed, at time.Time) decided {
	access := r.catalog.Access(now, at)
	now.EntitledBy = entitledBy(access)
	d := decided{notices: notices(was, now, access, at), look: r.nextLook(now, access, at), at: at}
	if r.renewals {
		d.notices = append(d.notices, renewals(now, access, at)...)
	}
	if !o.absent {
		d.metadata = r.project(now, o, access)
		now.PacedUntil = d.metadata.pace(now.PacedUntil, at)
	}
	d.limit = r.memberLimit(now, access, o.absent)
	// Until the backfill knows what a held account has paid for, Lockstep must not announce that it
	// has no access.
	d.quiet = o.held && !access.Active
	d.record = now
	return d
}

// memberLimit returns how many members the directory is to accept: as many as seats are paid for;
// 0: the limit stays. If nothing grants access any more, it stays too, and nobody is removed.
func (r rules) memberLimit(now lockstep.Record, access lockstep.Access, absent bool) int64 {
	if !r.limitMembers || now.Account.Kind != lockstep.Organization || absent ||
		!access.Active || access.Seats <= 0 || access.Seats == now.MemberLimit {
		return 0
	}
	return access.Seats
}
