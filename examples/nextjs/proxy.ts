import { clerkMiddleware, createRouteMatcher } from "@clerk/nextjs/server";
import { NextResponse } from "next/server";

const paid = createRouteMatcher(["/pro(.*)"]);

// Who may see a paid page stands in the session token: no call, no database. The
// token is at most a minute old, and so is what it says.
export default clerkMiddleware(async (auth, request) => {
  if (!paid(request)) return;
  const { sessionClaims } = await auth.protect();
  if (!sessionClaims.billing?.active) {
    return NextResponse.redirect(new URL("/", request.url));
  }
});

export const config = {
  matcher: ["/((?!_next|.*\\..*).*)"],
};
