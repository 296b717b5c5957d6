"""Names that HR systems give to columns, in English, Dutch and German, with what they mean (F5).

A column is matched by its exact name only (F4). The names here only choose a hint: they come from
the documentation of AFAS, Nmbrs, Personio, BambooHR, Workday, SAP, Visma and Exact, and from the
words that their exports use. Letters and digits alone count, so that `Hire date`, `hireDate` and
`HIRE_DATE` are one name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeVar

from domain.fields.table import NAMES

_T = TypeVar("_T")

_THEIRS = {
    "email": """
        work email, work e-mail address, business email, business e-mail address, company email,
        corporate email, office email, primary email, email address, email work, primary work email,
        mail, mail address, user principal name, UPN, best email, e-mailadres, mailadres, emailadres
        werk, e-mail werk, werk e-mail, werkmail, zakelijk e-mail, e-mail zakelijk, zakelijk
        e-mailadres, e-mailadres zakelijk, e-mailadres medewerker, E-Mail-Adresse, Mailadresse,
        E-Mail geschäftlich, geschäftliche E-Mail, geschäftliche E-Mail-Adresse, E-Mail dienstlich,
        dienstliche E-Mail, E-Mail Arbeit, Firmen-E-Mail
    """,
    "external_id": """
        employee id, employee number, employee no, employee code, employee key, emp id, emp no,
        personnel number, personnel id, personnel no, staff id, staff number, staff no, worker id,
        person id, person id external, payroll id, payroll number, user id, uid, HRIS id, HR id, id,
        pernr, assignment id, unique id, reference id, personeelsnummer, personeelsnr, pers nr,
        medewerkernummer, medewerkersnummer, medewerkernr, medewerker id, medewerkercode,
        werknemernummer, werknemersnummer, werknemernr, werknemer id, werknemercode, persoonsnummer,
        registratienummer, relatienummer, extern id, Personalnummer, Personal-Nr, Mitarbeiternummer,
        Mitarbeiter-Nr, Mitarbeiter-ID, Mitarbeitenden-ID, Mitarbeitendennummer, Angestelltennummer,
        Stammnummer, Personen-ID, externe ID
    """,
    "first_name": """
        given name, forename, legal first name, preferred first name, preferred name, call name,
        known as, nickname, voornaam, voornamen, roepnaam, eerste naam, doopnaam, Vorname, Vornamen,
        Rufname, bevorzugter Vorname, bevorzugter Name, vorna
    """,
    "prefix": """
        last name prefix, surname prefix, name prefix, infix, middle name prefix, birth name prefix,
        tussenvoegsel, tussenvoegsels, tussenv, tv, voorvoegsel, voorvoegsels, voorv, voorvoegsel
        achternaam, voorvoegsel geboortenaam, Namenszusatz, Vorsatzwort, Namensvorsatz,
        Namenspräfix, Präfix
    """,
    "last_name": """
        surname, family name, legal last name, preferred last name, second name, achternaam,
        familienaam, naam medewerker achternaam, samengestelde achternaam, Nachname, Familienname,
        Zuname, nachn
    """,
    "onboarding_date": """
        hire date, date of hire, hired, hired on, original hire date, latest hire date, rehire date,
        most recent hire date, start date, date of joining, joining date, join date, date joined,
        entry date, employment date, employment start date, employment start, date of employment,
        first day, first working day, first day of work, commencement date, service start date, date
        in service, in dienst, datum in dienst, in dienst datum, in dienst per, in dienst sinds,
        indiensttreding, datum indiensttreding, indiensttredingsdatum, startdatum, begindatum,
        begindatum dienstverband, startdatum dienstverband, ingangsdatum dienstverband, eerste
        werkdag, eerste dag, aanvangsdatum, Eintrittsdatum, Eintritt, Eintritt am,
        Einstellungsdatum, Einstelldatum, Anstelldatum, Anstellungsdatum, erster Arbeitstag, Beginn,
        Beschäftigungsbeginn, Beginn des Arbeitsverhältnisses, Beginn Beschäftigung, Dienstantritt,
        Arbeitsbeginn
    """,
    "offboarding_date": """
        end date, termination date, terminated, date of termination, termination, leaving date,
        leave date, date of leaving, exit date, date of exit, departure date, end of employment,
        employment end date, employment end, last day, last working day, last day of work, last day
        worked, last date worked, separation date, resignation date, service end date, release date,
        date out of service, uit dienst, datum uit dienst, uit dienst datum, uit dienst per,
        uitdiensttreding, datum uitdiensttreding, uitdiensttredingsdatum, einddatum, einddatum
        dienstverband, einde dienstverband, datum einde dienstverband, laatste werkdag, laatste dag,
        vertrekdatum, ontslagdatum, datum ontslag, Austrittsdatum, Austritt, Austritt am, Enddatum,
        letzter Arbeitstag, letzter Tag, Kündigungsdatum, Ende des Arbeitsverhältnisses,
        Beschäftigungsende, Ende Beschäftigung, Ausscheidedatum, Abgangsdatum, Entlassungsdatum
    """,
    "probation_period_end_date": """
        probation end, probation end date, probation period end, end of probation, probation date,
        end of probation period, probation, trial period end, trial end date, end of trial period,
        einde proeftijd, einddatum proeftijd, proeftijd tot, proeftijd einddatum, proeftijd, datum
        einde proeftijd, Ende der Probezeit, Probezeit Ende, Probezeit bis, Probezeit
    """,
    "birthday": """
        birth date, date of birth, DOB, born, born on, day of birth, geboortedatum, geb datum,
        geboortedag, verjaardag, Geburtsdatum, Geburtstag, geboren am, GebDat, gbdat
    """,
    "work_anniversary": """
        anniversary, anniversary date, service anniversary, service date, seniority date, continuous
        service date, jubilee, jubilee date, company anniversary, jubileum, jubileumdatum,
        dienstjubileum, datum jubileum, dienstjaren vanaf, anciënniteitsdatum, diensttijd vanaf,
        Dienstjubiläum, Jubiläum, Jubiläumsdatum, Firmenjubiläum, Betriebsjubiläum, Dienstjahre seit
    """,
    "marriage_date": """
        wedding date, date of marriage, wedding day, wedding anniversary, married on, marital date,
        huwelijksdatum, trouwdatum, datum huwelijk, trouwdag, getrouwd op, Hochzeitsdatum,
        Hochzeitstag, Heiratsdatum, Eheschließung, verheiratet seit
    """,
    "language": """
        preferred language, communication language, correspondence language, language code, locale,
        user language, business language, native language, taal, taalcode, voorkeurstaal,
        communicatietaal, correspondentietaal, Sprache, Sprachcode, bevorzugte Sprache,
        Korrespondenzsprache, Muttersprache
    """,
    "group_name": """
        group, groups, department, department name, team, team name, division, business unit, unit,
        org unit, organizational unit, organisational unit, organisation unit, cost centre name,
        groep, groepsnaam, afdeling, afdelingsnaam, teamnaam, organisatie-eenheid, organisatorische
        eenheid, OE naam, onderdeel, divisie, Gruppe, Gruppenname, Abteilung, Abteilungsname,
        Bereich, Organisationseinheit, Orgeinheit
    """,
}
"""The names for each of our fields."""

_NOTES: dict[tuple[str, str | None], str] = {
    (
        "a whole name is not read, so give First name and Last name a column each; only if it "
        "holds last names alone",
        "last_name",
    ): """
        name, full name, display name, employee name, worker name, employee, legal name, username,
        naam, volledige naam, weergavenaam, naam medewerker, medewerker, werknemer, naam werknemer,
        vollständiger Name, Anzeigename, Mitarbeiter, Mitarbeitername, Vor- und Nachname
    """,
    ("who can log in follows from the onboarding date and the offboarding date", None): """
        status, employee status, employment status, active, state, user status, active status,
        actief, medewerkerstatus, Beschäftigungsstatus, aktiv, Mitarbeiterstatus
    """,
    ("only if people log in with this address", "email"): """
        private email, personal email, home email, private e-mail address, personal email address,
        privé e-mail, e-mail privé, privémail, e-mailadres privé, privé e-mailadres, E-Mail privat,
        private E-Mail-Adresse
    """,
    (
        "only if it is the first day of the person and not of a later contract",
        "onboarding_date",
    ): """
        contract start date, start date contract, contract start, contract date, position start
        date, startdatum contract, begindatum contract, ingangsdatum contract, contractdatum,
        begindatum functie, Vertragsbeginn, Vertragsdatum, Beginn des Vertrags
    """,
    (
        "a contract may be renewed, and an offboarding date closes the account; only if the person "
        "leaves on this day",
        "offboarding_date",
    ): """
        contract end date, end date contract, contract end, fixed term end date, position end date,
        einddatum contract, einde contract, contract tot, contract einddatum, einddatum functie,
        Vertragsende, Ende des Vertrags, befristet bis, Befristung bis, Befristungsende
    """,
    ("only if people are called by this name", "last_name"): """
        birth name, maiden name, former name, partner name, name partner, geboortenaam, meisjesnaam,
        partnernaam, geboortenaam partner, naam partner, Geburtsname, Mädchenname
    """,
    ("initials are not read as a first name", None): "initials, voorletters, initialen",
}
"""Names that mean no field of ours, or one in some companies only. The key is what to know about
the column, and the field that it means then."""

_IN_BRACKETS = re.compile(r"\([^)]*\)")


def key_of(name: str) -> str:
    """Returns the letters and digits of a name, in which equal names agree: `hiredate`."""
    return "".join(filter(str.isalnum, name.casefold()))


def without_brackets(name: str) -> str:
    """Returns a name without what stands in brackets: `Hire date` of `Hire date (dd-mm-yyyy)`."""
    return _IN_BRACKETS.sub("", name)


def _by_key(names: dict[_T, str]) -> Iterator[tuple[str, _T]]:
    return ((key_of(name), meant) for meant, text in names.items() for name in text.split(","))


FIELD_BY_KEY = {**dict(_by_key(_THEIRS)), **{key_of(name): name for name in NAMES}}
"""Our field for the key of a name, with our own names."""
NOTE_BY_KEY = dict(_by_key(_NOTES))
"""What to know about a column for the key of its name, and the field that it means then."""
