package fleet

import "testing"

// TestReplicasStartTogether starts replicas on an empty database at the same time: one creates the schema, the others
// wait.
func TestReplicasStartTogether(t *testing.T) {
	t.Parallel()
	for more := rounds(1); more(); {
		f := newFleet(t, options{replicas: 4})
		f.subscriber()
		if twice := f.must(`select cast(count(*) - count(distinct version_id) as text) from goose_db_version`); twice != "0" {
			t.Errorf("%s migrations ran twice", twice)
		}
		f.report("four replicas start on an empty database")
		f.stop()
	}
}
