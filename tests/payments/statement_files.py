"""Statements for tests, made of what they shall say."""

from datetime import date

TODAY = date(2026, 11, 23)


def entry(
    cents: int, text: str = "", *, ref: str = "", name: str = "", more: str = "", iban: str = "", on: date = TODAY
) -> str:
    """A movement; ``cents`` below zero went out, ``more`` are further fields."""
    side = "Dbtr" if cents > 0 else "Cdtr"
    party = f"<{side}><Nm>{name}</Nm></{side}><{side}Acct><Id><IBAN>{iban}</IBAN></Id></{side}Acct>"
    return (
        f'<Ntry><Amt Ccy="EUR">{abs(cents) // 100}.{abs(cents) % 100:02d}</Amt>'
        f"<CdtDbtInd>{'CRDT' if cents > 0 else 'DBIT'}</CdtDbtInd><Sts>BOOK</Sts>"
        f"<BookgDt><Dt>{on}</Dt></BookgDt><AcctSvcrRef>{ref}</AcctSvcrRef>"
        f"<NtryDtls><TxDtls><RltdPties>{party}</RltdPties><RmtInf><Ustrd>{text}</Ustrd></RmtInf>{more}</TxDtls></NtryDtls>"
        "</Ntry>"
    )


def statement(*entries: str) -> bytes:
    """A file with these movements."""
    account = "<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>"
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><Stmt>'
        f"{account}{''.join(entries)}</Stmt></BkToCstmrStmt></Document>"
    ).encode()
