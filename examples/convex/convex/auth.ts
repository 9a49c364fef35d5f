import { Password } from "@convex-dev/auth/providers/Password";
import { convexAuth } from "@convex-dev/auth/server";
import { internal } from "./_generated/api";

export const { auth, signIn, signOut, store, isAuthenticated } = convexAuth({
  providers: [Password],
  callbacks: {
    // A mutation cannot call other services. What it schedules runs only if it commits, so Lockstep never
    // gets a user whose sign-up failed.
    async afterUserCreatedOrUpdated(ctx, { userId, profile }) {
      // An unverified address may belong to a stranger, who would get the receipts. Without an address,
      // Stripe asks for it at the checkout. The Password provider verifies addresses if you give it a
      // `verify` provider.
      const user = await ctx.db.get(userId);
      const verified = user?.emailVerificationTime !== undefined;
      await ctx.scheduler.runAfter(0, internal.lockstep.upsert, {
        userId,
        email: verified ? profile.email : undefined,
        name: typeof profile.name === "string" ? profile.name : undefined,
        attempt: 0,
      });
    },
  },
});
