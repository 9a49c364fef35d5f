package fleet

import "testing"

// Replicas begin at once on an empty database: one makes the schema, the others wait.
func TestReplicasBeginAtOnce(t *testing.T) {
	t.Parallel()
	for more := rounds(1); more(); {
		f := newFleet(t, options{replicas: 4})
		f.subscriber()
		if twice := f.must(`select cast(count(*) - count(distinct version_id) as text) from goose_db_version`); twice != "0" {
			t.Errorf("%s migrations ran twice", twice)
		}
		f.report("four replicas begin on an empty database")
		f.stop()
	}
}
