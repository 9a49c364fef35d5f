package doctor

import (
	"context"

	"github.com/lockstep-dev/lockstep"
)

var (
	clerkRefuses = problem("clerk_key_refused", failure,
		"Lockstep reads no users and writes no metadata, so your app does not see new access",
		"copy the key again from Clerk Dashboard > Configure > API keys, set CLERK_SECRET_KEY and restart; if Stripe refuses its key too, the two may be swapped")
	clerkSilent = problem("clerk_unreachable", failure,
		"Lockstep reads no users and writes no metadata until Clerk answers",
		"check the network, the proxy and clerk_api_base")
	noUsers = problem("clerk_empty", warning,
		"Lockstep gives customers to the users of another instance, or to nobody",
		"check that CLERK_SECRET_KEY belongs to the instance of your app")
	wrongInstance = problem("clerk_instance_id_wrong", failure,
		"Lockstep ignores every event of the instance that the key belongs to",
		"correct clerk.instance_id, or remove it")
)

// clerkKey checks that Clerk accepts the key, and that it belongs to the right instance.
func clerkKey(ctx context.Context, in *Installation) []lockstep.Finding {
	switch {
	case in.Clerk == nil:
		return []lockstep.Finding{fine("not needed: your servers put the accounts")}
	case in.Clerk.Client == nil:
		return []lockstep.Finding{skipped("not checked, because the configuration is not valid")}
	}
	answers := in.askClerk(ctx)
	if problem, is := refusal(answers.err, clerkRefuses, clerkSilent); is {
		return []lockstep.Finding{problem}
	}
	if forbidden(answers.err) {
		return []lockstep.Finding{clerkRefuses.found("%v", answers.err)}
	}
	if want := in.Clerk.InstanceID; want != "" && want != answers.instance {
		return []lockstep.Finding{wrongInstance.found("clerk.instance_id is %s, but the key belongs to %s", want, answers.instance)}
	}
	if len(answers.users) == 0 {
		return []lockstep.Finding{noUsers.found("instance %s has no users", answers.instance)}
	}
	return []lockstep.Finding{fine("Clerk accepts the key of instance %s, %s on the first page", answers.instance,
		plural(len(answers.users), "user"))}
}
