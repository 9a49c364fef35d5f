"use client";

import { useAuth } from "@clerk/nextjs";
import { useRouter } from "next/navigation";
import { useEffect } from "react";

// Stripe sends the buyer here, which proves nothing: the page waits until the
// session token says that there is access. A token lives for a minute, so a new one
// is fetched each time.
export default function Welcome() {
  const { getToken, isLoaded, sessionClaims } = useAuth();
  const router = useRouter();
  const active = sessionClaims?.billing?.active === true;
  useEffect(() => {
    if (active) router.replace("/pro");
    if (active || !isLoaded) return;
    const timer = setInterval(() => void getToken({ skipCache: true }), 2000);
    return () => clearInterval(timer);
  }, [active, getToken, isLoaded, router]);
  return <p aria-live="polite">Your payment is being confirmed. This takes a few seconds; some ways of paying take days.</p>;
}
