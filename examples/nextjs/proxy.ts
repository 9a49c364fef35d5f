import { clerkMiddleware, createRouteMatcher } from "@clerk/nextjs/server";
import { NextResponse } from "next/server";

const paid = createRouteMatcher(["/pro(.*)"]);

// The session token says who may see a paid page, without a call or a database. It is at most a minute old.
// Pages and actions still check for themselves (app/pro).
export default clerkMiddleware(async (auth, request) => {
  if (!paid(request)) return;
  const { sessionClaims } = await auth.protect();
  if (sessionClaims.billing?.active !== true) {
    return NextResponse.redirect(new URL("/", request.url));
  }
});

export const config = {
  // Everything except the framework's files and static files, by extension. Excluding every path with a
  // dot would exclude /pro/report.v2 too.
  matcher: [
    "/((?!_next|[^?]*\\.(?:html?|css|js(?!on)|jpe?g|webp|png|gif|svg|ttf|woff2?|ico|csv|docx?|xlsx?|zip|webmanifest)).*)",
    "/pro(.*)",
    "/(api|trpc)(.*)",
  ],
};
