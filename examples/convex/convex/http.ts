import { httpRouter } from "convex/server";
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { internal } from "./_generated/api";
import { httpAction } from "./_generated/server";
import { auth } from "./auth";

const http = httpRouter();
auth.addHttpRoutes(http);

// The fields of account.access_changed that the app uses.
interface AccessChanged {
  type: string;
  data: {
    account: string; // "user/…"
    sequence: number;
    access: { active: boolean; plan?: string; features?: string[] };
  };
}

http.route({
  path: "/lockstep",
  method: "POST",
  handler: httpAction(async (ctx, request) => {
    const secret = process.env.LOCKSTEP_WEBHOOK_SECRET;
    if (!secret) return new Response("LOCKSTEP_WEBHOOK_SECRET: not set; run npx convex env set", { status: 500 });
    let event: AccessChanged;
    try {
      event = new Webhook(secret).verify(await request.text(), Object.fromEntries(request.headers)) as AccessChanged;
    } catch (error) {
      if (error instanceof WebhookVerificationError) return new Response("bad signature", { status: 400 });
      throw error;
    }
    const [kind, userId] = event.data.account?.split("/") ?? [];
    if (event.type === "account.access_changed" && kind === "user" && userId) {
      const { active, plan, features = [] } = event.data.access;
      await ctx.runMutation(internal.access.store, { userId, sequence: event.data.sequence, active, plan, features });
    }
    return new Response(null, { status: 204 });
  }),
});

export default http;
