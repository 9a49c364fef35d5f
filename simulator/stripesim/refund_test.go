package stripesim_test

import (
	"strings"
	"testing"
	"time"
)

func TestRefundsSucceedWaitAndFail(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		refund := func(card string) (map[string]any, string) {
			intent := b.answers("POST", "/v1/payment_intents", "amount=2000&currency=usd&confirm=true&payment_method="+card)
			mark := b.Mark()
			return b.answers("POST", "/v1/refunds", "amount=500&payment_intent="+intent["id"].(string)), mark
		}
		done, mark := refund("pm_card_visa")
		b.wrote(mark, "refund.created", "charge.refunded", "refund.updated", "charge.refund.updated")
		b.answers("POST", "/v1/refunds/"+done["id"].(string), "metadata[order]=1")
		b.denied(400, "POST", "/v1/refunds/"+done["id"].(string)+"/cancel", "")
		b.denied(400, "POST", "/v1/refunds", "amount=1501&charge="+done["charge"].(string))

		waits, mark := refund("pm_card_pendingRefund")
		if waits["status"] != "pending" {
			t.Errorf("it is %v", waits["status"])
		}
		b.Advance(25 * time.Hour)
		b.wrote(mark, "refund.created", "charge.refunded", "refund.updated", "charge.refund.updated")

		fails, mark := refund("pm_card_refundFail")
		b.Advance(25 * time.Hour)
		b.wrote(mark, "refund.created", "charge.refunded", "refund.updated", "charge.refund.updated", "charge.updated",
			"refund.failed")
		if got := b.answers("GET", "/v1/charges/"+fails["charge"].(string), ""); got["amount_refunded"] != 0.0 {
			t.Errorf("after the failure %v is refunded", got["amount_refunded"])
		}

		canceled, _ := refund("pm_card_pendingRefund")
		if got := b.answers("POST", "/v1/refunds/"+canceled["id"].(string)+"/cancel", ""); got["status"] != "canceled" {
			t.Errorf("it is %v", got["status"])
		}
	})
}

func TestDisputesAreWonLostAndInquired(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		dispute := func(card string) string {
			intent := b.answers("POST", "/v1/payment_intents", "amount=2000&currency=usd&confirm=true&payment_method="+card)
			found := b.answers("GET", "/v1/disputes", "payment_intent="+intent["id"].(string))["data"].([]any)
			if len(found) != 1 {
				t.Fatalf("%s brings %d disputes", card, len(found))
			}
			return "/v1/disputes/" + dig(found[0], "id").(string)
		}
		for evidence, want := range map[string][]string{
			"winning_evidence": {"charge.dispute.updated", "charge.dispute.funds_reinstated", "charge.dispute.closed"},
			"losing_evidence":  {"charge.dispute.updated", "charge.dispute.closed"},
			"a letter":         {"charge.dispute.updated"},
		} {
			path := dispute("pm_card_createDispute")
			b.answers("POST", path, "submit=false&evidence[customer_name]=Jenny")
			mark := b.Mark()
			b.answers("POST", path, "evidence[uncategorized_text]="+strings.ReplaceAll(evidence, " ", "+"))
			b.wrote(mark, want...)
		}
		path := dispute("pm_card_createDispute")
		if got := b.answers("POST", path+"/close", ""); got["status"] != "lost" {
			t.Errorf("closed it is %v", got["status"])
		}
		b.denied(400, "POST", path+"/close", "")
		charge := b.answers("GET", path, "")["charge"].(string)
		if failure := b.denied(400, "POST", "/v1/refunds", "charge="+charge); failure["code"] != "charge_disputed" {
			t.Errorf("a refund of it: %v", failure)
		}
		mark := b.Mark()
		inquiry := dispute("pm_card_createDisputeInquiry")
		b.wrote(mark, "payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "charge.dispute.created")
		if got := b.answers("GET", inquiry, ""); got["status"] != "warning_needs_response" {
			t.Errorf("it is %v", got["status"])
		}
		if got := b.answers("POST", inquiry+"/close", ""); got["status"] != "warning_closed" {
			t.Errorf("closed it is %v", got["status"])
		}
	})
}
