package sqlstore

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

const (
	insertTrial Statement = `insert into trials (address, at) values ($1, $2) on conflict (address) do nothing`

	selectTrial Statement = `select count(*) from trials where address = $1`

	selectTrialKey Statement = `select key from trial_key where id = 1`
)

// HadTrial implements [lockstep.Purchases].
func (s *Store) HadTrial(ctx context.Context, email string) (had bool, err error) {
	err = s.read(ctx, func(t *tx) error {
		address, err := t.trialAddress(ctx, email)
		if err != nil {
			return err
		}
		n, err := collectOne(ctx, t, scanNumber, selectTrial, address)
		had = n > 0
		return err
	})
	return wrap(had, err, "look for an earlier trial")
}

func (t *tx) saveTrials(ctx context.Context, emails []string) error {
	for _, email := range emails {
		address, err := t.trialAddress(ctx, email)
		if err != nil {
			return err
		}
		t.queue(insertTrial, address, t.now())
	}
	return nil
}

// trialAddress hashes an address with the database's own key, so neither the table alone nor a list
// of known addresses alone shows who had a trial.
func (t *tx) trialAddress(ctx context.Context, email string) (string, error) {
	key, err := collectOne(ctx, t, text, selectTrialKey)
	if err != nil {
		return "", fmt.Errorf("read the key of trials: %w", err)
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(lockstep.TrialAddress(email)))
	return hex.EncodeToString(mac.Sum(nil)), nil
}
