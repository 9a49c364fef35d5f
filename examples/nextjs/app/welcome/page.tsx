"use client";

import { useAuth } from "@clerk/nextjs";
import { useRouter } from "next/navigation";
import { useEffect } from "react";

// Stripe redirects the buyer here, which proves nothing. The page waits until the session token carries
// access. A token is cached for a minute, so the page fetches a new one each time.
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
  return <p aria-live="polite">Your payment is being confirmed. This takes a few seconds; with some payment methods it takes days.</p>;
}
