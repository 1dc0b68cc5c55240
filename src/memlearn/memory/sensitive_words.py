"""Words that speak of a sensitive topic, in English, German and Italian; `*` stands for any letters.

Kept to words that hardly mean anything else: a harmless name that is suppressed costs one line of memory,
a stated illness costs a person's trust. What reads alike and is harmless stands in `HARMLESS`.
"""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, ...]]] = {
    "health": (
        # places and people
        "pharmac*", "farmac*", "parafarmac*", "*apotheke", "*apotheken", "drugstore*", "drug store*", "drogerie*",
        "chemist", "chemists", "clinic", "clinics", "clinica", "cliniche", "*klinik", "kliniken", "klinikum", "*hospital", "hospitals", "hospice",
        "krankenhaus", "krankenhaeuser", "krankenhauser", "ospedale", "ospedali", "sanatorium", "sanitaetshaus", "sanitatshaus",
        "doctor", "doctors", "physician*", "surgery", "surgeon*", "dentist*", "zahnarzt*", "arzt", "aerzte", "arzte", "arztpraxis",
        "hausarzt*", "facharzt*", "medico", "medici", "ambulatorio", "poliambulatorio", "paramedic*", "ambulance",
        # fields
        "psychiatr*", "psychotherap*", "psycholog*", "psicolog*", "psicoterap*", "oncolog*", "onkolog*", "cardiolog*", "kardiolog*",
        "radiolog*", "dermatolog*", "urolog*", "neurolog*", "orthopaed*", "orthoped*", "orthopad*", "ortoped*", "antidec*", "physiotherap*",
        "fisioterap*", "chiropract*", "therapist*", "health", "healthcare", "dental studio*", "dental practice*", "physio", "gesundheit", "sanita", "medical", "medizin*", "medicina",
        "krankenkasse*", "krankenversicherung*", "health insurance", "assicurazione sanitaria", "rehab", "rehabilitation", "hearing aid", "hearing aids",
        "horgerat*", "hoergeraet*", "wheelchair*", "rollstuhl*",
        # medicines and conditions
        "medicine", "medicines", "medicated", "otc drg", "salute", "sanitari", "sinus and allergy", "eye and ear care", "medication*", "medicament*", "medikament*", "arznei*", "medicinal*", "prescription*", "analgesic*", "antinfiammator*", "pain relief",
        "painkiller*", "schmerzmittel*", "antidolorific*", "antacid*", "laxative*", "antibiotic*", "antibiotik*", "insulin*", "diabet*", "blood pressure",
        "blood glucose", "cold and flu", "cold flu", "cough*", "first aid", "smoking cessation*", "nicotine replacement", "incontinen*",
        "inkontinenz*", "adult diapers", "dietary aid*", "diet aid*", "weight loss", "hiv", "cancer", "krebs", "tumor*", "tumour*", "depression",
        "asthma*", "allergy relief", "dialys*", "alcoholics anonymous", "homeopath*", "homoeopath*", "homoopath*", "omeopat*",
    ),
    "pregnancy": (
        "pregnan*", "prenatal*", "antenatal*", "maternity", "schwanger*", "umstandsmode", "gravidanza", "premaman", "fertility", "ivf",
        "midwife*", "midwives", "hebamme*", "ostetric*", "obstetric*", "gynaecolog*", "gynecolog*", "gynaekolog*", "gynakolog*", "ginecolog*",
        "frauenarzt*", "family planning", "familienplanung", "feminine hygiene", "tampon", "tampons", "tamponi", "assorbenti", "menstrual*", "sanitary pads", "abortion", "breast pump*",
    ),
    "religion": (
        "church", "churches", "parish", "mosque*", "synagogue*", "cathedral*", "bible", "bibles", "quran", "koran", "torah", "catholic*", "protestant*",
        "christian", "muslim*", "islam*", "jewish", "judaism", "hindu*", "buddhis*", "religion*", "religious", "religios*", "tithe*", "rosary", "halal",
        "kosher", "koscher", "kirche", "kirchen", "kirchengemeinde*", "kirchensteuer*", "moschee*", "synagoge*", "bibel*", "katholi*", "evangelisch*",
        "chiesa", "chiese", "parrocchi*", "moschea", "moschee", "sinagog*", "bibbia", "cattolic*", "diocesi", "ministries",
    ),
    "politics": (
        "politic*", "politik*", "political", "democrats", "democratic party", "republicans", "republican party", "labour party", "conservative party",
        "trade union", "trade unions", "labor union", "gewerkschaft*", "sindacat*", "campaign donation*", "actblue", "winred", "partei", "parteien",
        "parteispende*", "cdu", "csu", "spd", "fdp", "afd", "die linke", "die gruenen", "die grunen", "partito", "partiti",
    ),
    "sexuality": (
        "condom*", "contracept*", "kondom*", "verhuetung*", "verhutung*", "preservativ*", "contraccett*", "sex", "sexshop*", "sexual*", "erotic*",
        "erotik*", "adult toys", "gay", "lesbian*", "lgbt*", "queer", "lubricant personal", "personal lubricant*", "grindr", "escort service*",
        "swingerclub*", "viagra", "strip club*", "stripclub*",
    ),
    "ethnicity": (
        "ethnic*", "ethnisch*", "etnic*", "hispanic*", "latino", "latina", "african american*", "afro hair", "black hair care", "multicultural",
        "migrant*", "refugee*", "fluechtling*", "fluchtling*",
    ),
}  # fmt: skip
"""Topic → words and phrases."""

HARMLESS: Final[tuple[str, ...]] = (
    "christian dior", "christian louboutin", "christian lacroix", "churchs chicken", "churchs texas chicken", "kosher salt", "kosher dill", "kosher dills",
    "tierarzt*", "tierklinik*", "animal hospital*", "pet hospital*", "veterinary clinic*", "vet clinic*", "car clinic", "autoklinik", "phone clinic",
    "phone doctor", "computer doctor", "car doctor", "tyre clinic", "shoe clinic", "tree surgeon*", "surgery of trees", "doctor who", "health food*",
    "health foods", "health and beauty", "health beauty", "health club*", "dr pepper", "doctor martens", "cancer stick*", "sex and the city", "essex",
    "sussex", "ethnic foods", "ethnic restaurant*", "animal welfare", "retail therapy", "aromatherapy", "hair therapy", "union jack", "union coffee",
    "western union", "european union", "credit union coffee", "crime novel*", "crime fiction", "crime stories", "crime series", "prison break",
    "pellet smoker*", "bbq smoker*", "electric smoker*", "food smoker*", "smoker grill*", "smoker box*", "drinks too much coffee", "drinks too much tea",
    "expecting a parcel", "is expecting a parcel", "is expecting a refund", "is expecting a delivery", "expecting a delivery", "expecting a refund",
    "due date of the invoice", "due date of the payment", "due date of the bill", "payment due date", "social security card holder*", "mental arithmetic",
    "polish remover*", "nail polish*", "her kid s meal", "stolen dance", "born in the usa", "prisoner of azkaban", "behind on points",
)  # fmt: skip
"""Phrases that hold such a word and say nothing about anyone; cut out before the words are looked for."""
