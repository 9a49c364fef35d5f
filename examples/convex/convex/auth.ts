import { Password } from "@convex-dev/auth/providers/Password";
import { convexAuth } from "@convex-dev/auth/server";
import { internal } from "./_generated/api";

export const { auth, signIn, signOut, store, isAuthenticated } = convexAuth({
  providers: [Password],
  callbacks: {
    // A mutation cannot call out. What it schedules runs only if it commits, so
    // Lockstep hears of nobody whose sign-up failed.
    async afterUserCreatedOrUpdated(ctx, { userId, profile }) {
      await ctx.scheduler.runAfter(0, internal.lockstep.upsert, {
        userId,
        email: profile.email,
        name: typeof profile.name === "string" ? profile.name : undefined,
        attempt: 0,
      });
    },
  },
});
