//! SIP SIMPLE client SDK: sessions, audio streams, accounts and settings over sans-IO machines.
